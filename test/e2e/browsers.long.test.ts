import { describe, expect, test } from 'vitest'
import { browsers } from '../helpers/browsers.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { operate } from '../helpers/operate.ts'
import { startSecureSite, startSite, wholePage } from '../helpers/site.ts'

const login = { username: 'zoë', password: 'pässword' }

/** A site over HTTP, and one over TLS and HTTP/2: what comes of each page, and by what command. */
async function startSites() {
  const [plain, secure] = [await startSite(), await startSecureSite()]
  return {
    plain: { url: plain.url, place: new URL(plain.url).host, whole: wholePage('http/1.1') },
    secure: { url: secure.url, place: new URL(secure.url).host, whole: wholePage('h2') },
  }
}

describe.each(['portable', 'linux'])('browsers through the %s engine', (engine) => {
  describe.each(Object.entries(browsers))('%s', (_, start) => {
    test.skipIf(!start)(
      'logs in by HTTP, and loads pages, 20 MiB and WebSockets, by h2 where there is TLS',
      async () => {
        const daemon = await startDaemon(['--engine', engine, '-u', `${login.username}:${login.password}`])
        const [operator, { plain, secure }] = [await operate(daemon), await startSites()]
        const proxy = `http://127.0.0.1:${daemon.port('socks')}`
        const browser = await start?.(proxy, login)
        for (const { url, whole } of [plain, secure]) {
          await browser?.go(url)
          await eventually(async () => expect(await browser?.text()).toBe(whole))
        }
        expect(browser?.asked).toBe(1)
        // What lives is asked for first: what ends meanwhile is then among what has ended.
        const { connections } = (await operator.call('connections.list', {})).result
        const { connections: ended } = (await operator.call('connections.closed', { limit: 100 })).result
        // Of these two sites: browsers ask for more by themselves. Who has not logged in has asked for nothing yet.
        const told = [...ended, ...connections]
          .filter(({ destination }) => [plain.place, secure.place].includes(destination))
          .map(({ user, protocol, command, destination }) => `${user} ${protocol} ${command} ${destination}`)
        // WebSockets go by CONNECT in either case.
        expect(new Set(told)).toEqual(
          new Set([
            `zoë http request ${plain.place}`,
            `zoë http connect ${plain.place}`,
            `zoë http connect ${secure.place}`,
          ]),
        )
        const stranger = await start?.(proxy, { ...login, password: 'wrong' })
        stranger?.go(plain.url).catch(() => {})
        await eventually(() => expect(stranger?.asked).toBeGreaterThan(1))
        expect(await stranger?.text()).not.toContain('the page')
      },
    )

    test.skipIf(!start)('loads the same by SOCKS 5, without a login', async () => {
      const daemon = await startDaemon(['--engine', engine])
      const [operator, { plain, secure }] = [await operate(daemon), await startSites()]
      const browser = await start?.(`socks5://127.0.0.1:${daemon.port('socks')}`, login)
      for (const { url, whole } of [plain, secure]) {
        await browser?.go(url)
        await eventually(async () => expect(await browser?.text()).toBe(whole))
      }
      expect(browser?.asked).toBe(0)
      const { connections } = (await operator.call('connections.list', {})).result
      expect(connections).toContainEqual(expect.objectContaining({ protocol: 'socks5', destination: secure.place }))
    })
  })
})
