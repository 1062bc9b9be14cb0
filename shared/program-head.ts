/**
 * How both programs begin: to the shell a script that starts Node with a flag (`env -S` is not everywhere), to Node two
 * lines without meaning.
 */
export const programHead = `#!/bin/sh
':' //; exec node --disable-sigusr1 "$0" "$@"
`
