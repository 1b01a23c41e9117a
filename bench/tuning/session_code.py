"""A setting as Python code to paste: the same session as the one that was timed.

print(session_code(setting, "cnn.int8.onnx", "cpu"))
"""

from __future__ import annotations

from dlbench.bench.providers.registry import provider as known_provider
from dlbench.bench.tuning.runtime_setting import RuntimeSetting
from dlbench.bench.worker.session import LEVELS


def session_code(setting: RuntimeSetting, model: str, provider: str) -> str:
    """Return code that opens the file `model` with the setting; what is ONNX Runtime's default is left out."""
    lines = ["import onnxruntime as ort", "", "options = ort.SessionOptions()"]
    if setting.threads:
        lines.append(f"options.intra_op_num_threads = {setting.threads}")
    level = "disable" if setting.saved else setting.level
    if level != "all":
        comment = "  # the file is optimised already" if setting.saved else ""
        lines.append(f"options.graph_optimization_level = ort.GraphOptimizationLevel.{LEVELS[level]}{comment}")
    if not setting.spinning:
        lines.append('options.add_session_config_entry("session.intra_op.allow_spinning", "0")')
    if not setting.arena:
        lines.append("options.enable_cpu_mem_arena = False")
    name = known_provider(provider).ort_name
    own = {"prefer_nhwc": "1"} if setting.nhwc else {}
    own |= {"enable_cuda_graph": "1"} if setting.cuda_graph else {}
    providers = f'[("{name}", {own})]' if own else f'["{name}"]'
    lines.append(f"session = ort.InferenceSession({model!r}, options, providers={providers})")
    if setting.batch > 1:
        lines.append(f"# run it on {setting.batch} inputs at a time")
    return "\n".join(lines) + "\n"
