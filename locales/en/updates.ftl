### Newer versions of Gloria Notify. No full stop at the end.

## Why the manifest that names the newest version is refused, or did not come. For administrators.

release-unsigned = the manifest of versions has no valid minisign signature beside it
release-altered = the manifest of versions, or its signature, was altered after it was signed
release-other-key = the manifest of versions was signed with another key than updates.key
release-other-file = the signature of the manifest of versions belongs to another file
release-malformed = the manifest of versions was signed, but cannot be read
release-other-product = the manifest of versions is about another program
release-other-channel = the manifest of versions is of another channel than updates.channel
release-prerelease = the manifest of versions offers a prerelease on the stable channel
release-older = the manifest of versions is older than one that was seen before
release-unreachable = the manifest of versions could not be fetched: { $problem }
release-too-slow = the manifest of versions did not come within { $seconds } s
release-too-large = the manifest of versions is larger than { $size } bytes
release-unreadable = the manifest of versions could not be fetched completely
release-status = the manifest of versions could not be fetched: the server answered { NUMBER($status, useGrouping: 0) }
