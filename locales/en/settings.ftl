### Mistakes in settings, where they are, and what to do. No full stop at the end.

# $value is settings-value-in-line, settings-value-in, or the name of a variable such as GLORIA_API_URL.
settings-ignored = { $value } is ignored: { $why }
settings-warning = { $value }: { $warning }
settings-unknown = { $value } is unknown
settings-unknown-meant = { $value } is unknown; did you mean { $meant }?
settings-not-lockable = { $value } is ignored: an administrator cannot lock it
# $place is settings-line, settings-file, or a path.
settings-syntax = there is a mistake in { $place }: { $problem }
settings-unusable = { $place } is not used: { $problem }
settings-policy-kept = what { $place } last set stays in force until it can be read again
settings-policy-young =
    { $place } was written in the last ten seconds and sets less than before; what it no longer sets stays in force until then
settings-locked-policy = { $setting } cannot be changed: it is set by your organisation
settings-locked-environment = { $setting } cannot be changed: it is set by the environment variable { $variable }
settings-more = { $place } has { $count ->
    [one] one more mistake
   *[other] { $count } more mistakes
}
settings-set-aside = { $place } could not be changed as it was written and was moved to { $path }; what could be read of it was kept
settings-not-saved = the settings could not be saved to { $path }: { $problem }

## Where a mistake is.

settings-file = the settings file
settings-line = line { NUMBER($line, useGrouping: 0) } of { $place }
settings-value-in-line = the setting { $setting } in line { NUMBER($line, useGrouping: 0) } of { $place }
settings-value-in = the setting { $setting } in { $place }

## What is wrong with a value. The value itself is never repeated: it may hold a password.

settings-no-certificate = { $setting } names no file
settings-needs = { $setting } has to be set as well
settings-only-by-policy = only a policy can set it; users have a switch for it in the preferences
settings-value-refused = it is not a value for this setting
should-be-boolean = it should be true or false
should-be-whole-number = it should be a whole number from { $least } to { $most }
should-be-duration = it should be a length of time from 100ms to 1440m, such as "5s" or 5000 (milliseconds)
should-be-one-of = it should be one of: { $words }
should-be-list = it should be a list of texts, such as ["one", "two"]
should-be-category-limits =
    it should be a list of categories with 1 to 36500 days or 1 to 1000000 items, such as ["payroll: 3650 days", "builds: 500 items"]
should-be-command =
    it should be a list whose first text is the full path of a program, such as ["/usr/bin/token", "--gloria"]
should-be-text = it should be a text in quotes
should-be-path = it should be the path of a file
should-be-textfile = it should be the full path of a file that ends in .prom
should-be-proxy = it should be system, none, or a proxy's address: { $problem }
should-be-probe-url = it should be an address such as http://gloria.example/generate_204
should-be-release-url = it should be the address of a folder, such as https://gloria.example/updates, without query or name
should-be-release-key =
    it should be a public key of minisign, such as "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
should-be-socket-address = it should be an address with a port, such as 127.0.0.1:9464
should-be-loopback = other computers can reach this address; it should be one of this computer alone, such as { $example }
should-be-section = settings of this name belong under a line [{ $section }]
should-be-in-section = it should be { $name } under a line [{ $section }], without quotes around the name

# Why a text is no address of a proxy, as the end of should-be-proxy.
proxy-malformed = it should look like http://proxy.example:3128
proxy-scheme = only proxies whose address begins with http://, https:// or socks5:// are supported
proxy-extras = a proxy's address ends after its port; instead of a PAC script, give the proxy that it names

# What is wrong in a file, as the end of settings-syntax.
syntax-duplicate = { $name } appears twice
syntax-no-value = a name needs a = and a value
syntax-no-name = a name is missing before the =
syntax-not-quoted = a text should be in straight quotes, " or '
syntax-not-closed = a quote or a bracket is not closed
syntax-backslash = a backslash in double quotes has a meaning of its own; use single quotes around the text
syntax-capitals = true and false are written in small letters
syntax-leading-zero = a number begins with 0
syntax-comment = a comment begins with #
syntax-control-character = there is a control character in it
syntax-surplus = there is something in it that does not belong there
syntax-bad-name = a name has a character that only a name in quotes can have
syntax-bad-value = a value is not written as numbers, dates or texts are; a text should be in straight quotes, " or '
syntax-too-deep = brackets are nested too deeply

## Why a file is not used or not written, as the end of settings-unusable or settings-not-saved.

file-missing = it does not exist
file-not-file = it is not a file
file-empty = it is empty; a policy ends when its file is removed
file-too-large = it is larger than { $limit } MiB
file-not-text = it is not text in UTF-8
file-dangling-link = it is a link that leads nowhere
file-link-loop = it is a link that leads back to itself
file-syntax-errors = it has more than { $limit } syntax mistakes
file-denied = the system denies access to it
file-disk-full = the disk is full
file-read-only = the disk is read-only

## Event types.

event-type-meant = the event type "{ $name }" is unknown; did you mean { $meant }?
event-type-unknown = the event type "{ $name }" is unknown; known are { $types }

## Metrics for other programs.

metrics-not-served = metrics cannot be served at { $address }: { $problem }
metrics-address-in-use = another program uses this address
metrics-not-written = metrics cannot be written to { $path }: { $problem }
metrics-no-folder = its folder does not exist
metrics-disk-hangs = the disk does not respond
shared-not-file = there is a link or a folder of this name
shared-foreign = it belongs to another user of this computer
shared-unmarked = another program wrote this file
