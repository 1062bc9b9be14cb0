import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makesWay, Predecessor } from '../../daemon/upgrade/predecessor.ts'
import { type Testator, Upgrade } from '../../daemon/upgrade/upgrade.ts'

test('a daemon that begins to drain while the program on the disk is tried has no successor, which would have no sockets', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'proxyd-'))
  const [argv, program] = [[...process.argv], join(folder, 'program.mjs')]
  onTestFinished(async () => {
    process.argv = argv
    await rm(folder, { recursive: true })
  })
  await writeFile(program, "console.log('proxyd 0.0.0')")
  process.argv[1] = program
  const ends = new AbortController()
  const sockets = (): never => {
    throw new Error('they are closed')
  }
  const upgrade = new Upgrade({
    testator: { generation: 1, sockets } as Partial<Testator> as Testator,
    environment: {},
    patience: () => 60_000,
    ends: () => ends.signal,
    tell: () => {},
    warn: () => {},
  })
  const outcome = upgrade.begin('SIGUSR2')
  ends.abort()
  await expect(outcome).rejects.toThrow('this daemon comes to its end')
})

test('a successor whose predecessor is killed before it has asked for anything does not start as if there had been none', async () => {
  onTestFinished(() => {
    vi.unstubAllGlobals()
    vi.unstubAllEnvs()
  })
  vi.stubGlobal('process', Object.create(process, { send: { value: () => true } }))
  // Whoever had this number has gone: the parent is another.
  vi.stubEnv(makesWay, String(process.ppid + 1))
  await expect(Predecessor.find()).rejects.toThrow('has gone: start it anew')
  expect(process.env).not.toHaveProperty(makesWay)
  expect(await Predecessor.find()).toBeUndefined()
})
