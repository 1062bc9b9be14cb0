/**
 * How a program begins: to the shell a script that starts Node with flags (`env -S` is not everywhere), and with more in its
 * environment, `NAME=value`; to Node two lines without meaning. The Makefile finds both there.
 */
export function programHead(flags: string, environment: readonly string[] = []): string {
  return `#!/bin/sh
':' //; ${[...environment, 'exec'].join(' ')} node ${flags} "$0" "$@"
`
}
