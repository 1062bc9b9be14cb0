/**
 * How a program begins: to the shell a script that starts Node with flags (`env -S` is not everywhere), to Node two lines
 * without meaning. The Makefile finds them there.
 */
export function programHead(flags: string): string {
  return `#!/bin/sh
':' //; exec node ${flags} "$0" "$@"
`
}
