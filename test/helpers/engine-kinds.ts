/** The engines that this machine can run, the default one first. */
export const engineKinds: readonly string[] = process.platform === 'linux' ? ['linux', 'portable'] : ['portable']

/**
 * For `describe.each` of what whole programs do with whatever engine, since `test/engine` and `test/conformance` hold both to the same:
 * the default one in `make test`, and the other one in `make test-long`, which has every file that says `mostTelling`.
 */
export const mostTelling = process.env.TEST_LONG === undefined ? engineKinds.slice(0, 1) : engineKinds.slice(-1)
