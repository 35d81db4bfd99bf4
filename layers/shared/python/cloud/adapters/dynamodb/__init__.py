"""The stores on DynamoDB. Importing this package costs nothing; ``cloud.adapters.dynamodb.stores`` brings pynamodb."""
