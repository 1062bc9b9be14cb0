import { expect, test } from 'vitest'
import { methods } from '../../shared/protocol/methods.ts'
import { isChange } from '../../tui/exec/doubt.ts'
import { proxyTui } from '../helpers/proxy-tui.ts'
import { type Answer, startFakeDaemon } from './fake-daemon.ts'

test('what changes something is told from what looks, by the name of each method', () => {
  for (const [name, method] of Object.entries(methods))
    expect(isChange(name, {}), name).toBe('logged' in method && name !== 'transfer.export')
  expect(isChange('config.set', { dryRun: true })).toBe(false)
})

test.each<[Answer, string]>([
  [{ lifted: 5 }, "the daemon's result of bans.remove makes no sense: "],
  ['silence', 'no answer within 2 s'],
  ['hang up', 'the daemon closed the connection'],
])('a change that is answered by %j may have been made', async (answer, why) => {
  const daemon = await startFakeDaemon(() => answer)
  const flags = answer === 'silence' ? ['--timeout', '2'] : []
  const told = await proxyTui('--socket', daemon.path, ...flags, '--exec', 'unban 192.0.2.7')
  expect(told.stderr).toContain(why)
  expect(told.stderr).toContain('; so it may have been done or not')
  const looked = await proxyTui('--socket', daemon.path, ...flags, '--exec', 'bans')
  expect(looked.status).toBe(3)
  expect(looked.stderr).not.toContain('may have been done')
})
