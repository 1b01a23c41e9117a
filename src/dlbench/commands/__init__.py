"""The commands, one file each: parse, one library call, render. Only `dlbench.cli` imports them."""
