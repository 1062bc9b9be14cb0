import { expect, test } from 'vitest'
import { versionOnDisk } from '../../daemon/upgrade/version-on-disk.ts'
import { longestWait } from '../helpers/patience.ts'

const { execPath } = process

/** What is said of a program of this text. */
function told(script: string, timeout = longestWait): Promise<string> {
  return versionOnDisk([execPath, ['-e', script]], process.env, timeout)
}

test('the version of a program is the last word that it says', async () => {
  expect(await told('console.log("proxyd 9.8.7")')).toBe('9.8.7')
})

test('a program that hangs is ended, and the refusal says that its time ran out, and which', async () => {
  await expect(told('setInterval(() => {}, 1000)', 50)).rejects.toThrow(
    /^the program on the disk did not tell its version within 0\.05 s \(timeout-upgrade\): put one there that runs$/,
  )
})

test.each([
  ['throw new Error("half written")', /does not run: [\s\S]*half written/],
  ['process.exit(3)', /does not run: it ended with status 3, and said nothing$/],
  ['process.kill(process.pid, "SIGTERM")', /does not run: it was ended by SIGTERM, and said nothing$/],
])('a program of which the whole is %s does not run, which is told with why', async (script, why) => {
  await expect(told(script)).rejects.toThrow(why)
})

test.each([
  ['', 'ended well, but told no version: put proxyd there'],
  ['console.log("usage: something")', 'ended well, but told no version: put proxyd there'],
  ['console.error("x".repeat(2 ** 21))', 'said far more than its version: put proxyd there'],
  ['console.log("x".repeat(2 ** 21))', 'said far more than its version: put proxyd there'],
])('a program of which the whole is %j is not proxyd', async (script, why) => {
  await expect(told(script)).rejects.toThrow(`the program on the disk ${why}`)
})

test('a program that is gone is told of in words', async () => {
  await expect(versionOnDisk(['/nowhere/node', []], process.env, longestWait)).rejects.toThrow(
    'the program on the disk does not run: /nowhere/node: there is no folder /nowhere: make it first, or see to it',
  )
})
