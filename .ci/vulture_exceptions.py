"""What `uv run vulture` takes for unused although something outside the package uses it. Each line has its reason."""

_.__getattr__  # Python calls both for names that are imported when first used
_.__dir__
_.__array_interface__  # numpy reads it
_.expose_value  # Typer reads it of an option,
_.__annotations__  # and both of a command's function
_.__signature__
demo  # commands are imported by their names (commands/help_pages/command_list.py)
doctor
help_texts  # .ci/texts.py collects them
_.commands  # Typer reads the commands of its groups
_.format_commands  # and calls this,
ctx  # with this argument
_.__module__  # pickle and help() read it of what packages offer
_.english  # of an error: for users' code that looks at its message
_.forward  # torch calls it
_.is_leaf_module  # torch.fx calls it,
module_qualified_name  # with this argument
_.get_next  # ONNX Runtime's quantisation calls it
_.intra_op_num_threads  # ONNX Runtime reads the options of its sessions
_.inter_op_num_threads
_.optimized_model_filepath
_.log_severity_level
_.enable_profiling
_.profile_file_prefix
_.graph_optimization_level
_.doc_string  # written into the ONNX file
_.classifier  # torchvision calls it in its network's forward

# Written to files, under "schema", so that a reader can tell what they are
_.result_schema
_.diff_schema
_.kept_schema
_.journal_schema
_.model_schema

# Fields of the result file that its readers find there and that no table of ours shows
_.physical_cores
_.on_battery
_.co2_kg_per_million
_.co2_kg
_.packages
_.warm_up_runs
_.rent_vcpus
_.colab_usd_per_hour
_.cpu_s
_.offered_per_s
_.p999
_.ci_level
_.bytes_per_run
_.idle_power_w
_.involuntary_switches
_.achieved_flops_per_s

# Columns of the price list, for those who look for a device
_.memory_gb
_.vendor

_.same_weights  # of a training's result, for those who call it from Python

# Read by the template of the report
_.open_tables
_.folded_tables
_.open_charts
_.folded_charts

saved_per_year  # formula 10 in Python, beside the page's own in JavaScript: the tests hold the two against each other
