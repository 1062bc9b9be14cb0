/**
 * What Node starts the daemon with. Left to itself V8 gives young objects more room whenever enough of them survive: after 35,000
 * connections of the portable engine 100 MB, of which 10 live, and what garbage holds outside of V8 waits there with it.
 */
export const daemonFlags: readonly string[] = ['--disable-sigusr1', '--max-semi-space-size=8']

/**
 * How a program begins: to the shell a script that starts Node with flags (`env -S` is not everywhere), and with more in its
 * environment, `NAME=value`; to Node two lines without meaning. The Makefile finds both there.
 */
export function programHead(flags: string, environment: readonly string[] = []): string {
  return `#!/bin/sh
':' //; ${[...environment, 'exec'].join(' ')} node ${flags} "$0" "$@"
`
}

/** What ends the program `name` in one line where Node is older than it needs, to stand before all that an older one would fail at. */
export function nodeNeeded(name: string): string {
  return `if (Number.parseInt(process.versions.node) < 24) {
  process.stderr.write(\`${name}: Node 24 or newer is needed, and \${process.execPath} is \${process.versions.node}: get one from https://nodejs.org/ and put it first in PATH\\n\`)
  process.exit(1)
}
`
}
