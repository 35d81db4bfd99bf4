"""The compute-lambda stack: reads the configuration, builds one component per function, exports the outputs."""

from src.configuration import ComputeLambdaConfig
from src.function import Function, FunctionArgs
from src.upstream import Upstream

from cloud_stack import Place, context, export_outputs, load

settings = load(ComputeLambdaConfig)
here = context()
upstream = Upstream(settings)
place = Place.of_provider()

functions = {
    purpose: Function(
        purpose,
        FunctionArgs(
            context=here,
            place=place,
            upstream=upstream,
            log_kms_key_arn=settings.log_kms_key_arn,
            settings=function_settings,
        ),
    )
    for purpose, function_settings in settings.functions.items()
}

export_outputs(
    {
        "functionArns": {purpose: function.arn for purpose, function in functions.items()},
        "functionNames": {purpose: function.name for purpose, function in functions.items()},
        "dlqArns": {purpose: function.dead_letters_arn for purpose, function in functions.items()},
    }
)
