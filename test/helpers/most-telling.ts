const long = process.env.TEST_LONG !== undefined

/** The engines that this machine can run, the default one first. */
export const engineKinds: readonly string[] = process.platform === 'linux' ? ['linux', 'portable'] : ['portable']

/**
 * For `describe.each` of what whole programs do with whatever engine, since `test/engine` and `test/conformance` hold both to the same:
 * the default one in `make test`, and the other one in `make test-long`, which has every file that says `mostTelling`.
 */
export const mostTelling = long ? engineKinds.slice(-1) : engineKinds.slice(0, 1)

/** For tables of what the same code answers, by a process for each row: the first row in `make test`, the others in `make test-long`. */
export const mostTellingOf = <Row>(rows: readonly Row[]): readonly Row[] => (long ? rows.slice(1) : rows.slice(0, 1))
