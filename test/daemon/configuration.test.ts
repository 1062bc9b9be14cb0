import { expect, test } from 'vitest'
import { combine, configure, listSettings } from '../../daemon/settings/configuration.ts'
import { settings } from '../../shared/settings.ts'

const env = { XDG_STATE_HOME: '/state', XDG_RUNTIME_DIR: '/run/user/7' }

test('a flag wins over the file, the file over the default, and each value remembers where it is from', () => {
  const { values, sources } = configure({ 'socks-port': 1 }, { 'socks-port': 2, 'control-port': 3 }, env, 7)
  expect([values['socks-port'], values['control-port'], values.workers]).toEqual([1, 3, 0])
  expect([sources['socks-port'], sources['control-port'], sources.workers]).toEqual(['flag', 'file', 'default'])
})

test('what is stored wins over the file, and a flag over that', () => {
  const { said } = configure({ auth: 'auto' }, { auth: 'none', 'timeout-idle': 200, 'log-level': 'warn' }, env, 7)
  const { values, sources } = combine({ ...said, stored: { auth: 'required', 'timeout-idle': 300 } })
  expect([values.auth, values['timeout-idle'], values['log-level']]).toEqual(['auto', 300, 'warn'])
  expect([sources.auth, sources['timeout-idle'], sources['log-level']]).toEqual(['flag', 'stored', 'file'])
})

test('a list given by flag replaces the one from the file', () => {
  const { values } = configure({ 'socks-addr': ['::1'] }, { 'socks-addr': ['127.0.0.1', '127.0.0.2'] }, env, 7)
  expect(values['socks-addr']).toEqual(['::1'])
})

test.each([
  [{ XDG_STATE_HOME: '/state', XDG_RUNTIME_DIR: '/run/user/7' }, 7, '/state/proxyd', '/run/user/7/proxyd'],
  [{ XDG_STATE_HOME: '/state', XDG_RUNTIME_DIR: '/run/user/0' }, 0, '/var/lib/proxyd', '/run/proxyd'],
  [{ TMPDIR: '/scratch', XDG_STATE_HOME: '/s' }, 7, '/s/proxyd', '/scratch/proxyd-7'],
  [{ TMPDIR: '', XDG_RUNTIME_DIR: '', XDG_STATE_HOME: '/s' }, 7, '/s/proxyd', '/tmp/proxyd-7'],
])('directories follow %j for uid %i', (environment, uid, state, runtime) => {
  const { values } = configure({}, {}, environment, uid)
  expect([values['state-dir'], values['runtime-dir']]).toEqual([state, runtime])
})

test('a relative directory becomes absolute', () => {
  expect(configure({ 'state-dir': 'here' }, {}, env, 7).values['state-dir']).toBe(`${process.cwd()}/here`)
})

test('lists every setting but the secret ones', () => {
  const listed = listSettings(configure({ user: ['bob:hunter2'], 'open-proxy': true }, {}, env, 7))
  expect(JSON.stringify(listed)).not.toContain('hunter2')
  expect(listed.map(({ name }) => name)).toEqual(
    Object.keys(settings).filter((name) => !['user', 'webhook-url'].includes(name)),
  )
  const named = (wanted: string) => listed.find(({ name }) => name === wanted)
  expect(named('open-proxy')).toMatchObject({ value: true, source: 'flag', default: false, runtime: true })
  expect(named('workers')).toMatchObject({ type: 'integer', min: 0, max: 64, placeholder: 'N', runtime: false })
  expect(named('auth')).toMatchObject({ type: 'choice', choices: ['auto', 'required', 'none'] })
  expect(named('state-dir')).toMatchObject({ default: '/state/proxyd', source: 'default' })
})

test.each([
  ['off', 'off'],
  ['-', '-'],
  ['log/access', `${process.cwd()}/log/access`],
  ['/var/log/access', '/var/log/access'],
])('the access log %s is %s, whoever asks from wherever', (given, log) => {
  expect(configure({ 'access-log': given }, {}, env, 7).values['access-log']).toBe(log)
})
