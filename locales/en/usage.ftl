### What every command line says by itself: around the help, whose texts are in help.ftl, and of what cannot be read.

## The help.

# $usage is the command with what may follow it. The line also stands below what is wrong.
usage-line = Usage: { $usage }
usage-commands = Commands:
usage-arguments = Arguments:
usage-options = Options:
# Both stand in brackets in the usage line.
usage-placeholder-options = OPTIONS
usage-placeholder-command = COMMAND
usage-default = default: { $value }
usage-values = possible values: { $values }
usage-help = Print help
usage-version = Print version
usage-help-command = Print this message or the help of the given subcommand(s)

## What is wrong. $argument is as the help has it, such as --filter <FILTER>.

usage-error = error: { $problem }
usage-try-help = For more information, try '--help'.
usage-unknown-argument = unexpected argument '{ $argument }' found
usage-unknown-command = unrecognized subcommand '{ $command }'
usage-value-missing = a value is required for '{ $argument }' but none was supplied
usage-invalid-value = invalid value '{ $value }' for '{ $argument }'
usage-value-refused = invalid value '{ $value }' for '{ $argument }': { $problem }
usage-not-among = { $problem } [{ $values }]
usage-value-unexpected = unexpected value '{ $value }' for '{ $argument }' found; no more were expected
usage-twice = the argument '{ $argument }' cannot be used multiple times
usage-conflict = the argument '{ $argument }' cannot be used with '{ $other }'
usage-missing = these arguments are required: { $arguments }
usage-not-text = invalid UTF-8 was detected in one or more arguments
usage-not-understood = the arguments cannot be understood
