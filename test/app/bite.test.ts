import { expect, test } from 'vitest'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { findProgram, type Outcome, run } from '../helpers/programs.ts'
import type { Terminal } from '../helpers/terminal.ts'
import { startWebServer } from '../helpers/web-server.ts'
import { openApp } from './open-app.ts'

const curl = findProgram('curl')
const [tab, erase, esc] = ['\t', '\u0015', '\u001b']
/** What curl says if the proxy does not let it through. */
const refusedByProxy = 97

/** Bob's device at a loopback address asks for a page. */
function fetch(daemon: Daemon, url: string, device: string, ...args: readonly string[]): Promise<Outcome> {
  const proxy = `socks5h://bob:secret-of-bob@127.0.0.1:${daemon.port('socks')}`
  return run(curl ?? '', ['-sS', '--interface', device, '--proxy', proxy, url, ...args])
}

/** Open the help of the page, see that it tells of this, and close it. */
async function helps(app: Terminal, about: RegExp): Promise<void> {
  app.type('?')
  await app.shows(about)
  app.type('q')
  await app.until(() => !/The keys here/.test(app.screen), 'has closed the help')
}

test.skipIf(!curl)(
  'by the app alone: a user with 10 MB/s, 50 GB a month and five devices, a site denied to a group; both bite, and are lifted',
  async () => {
    const daemon = await startDaemon()
    const url = await startWebServer('127.0.0.1', (request, response) => {
      if (request.url === '/short') return response.end('hello')
      // It stays open, and so does whoever asked for it.
      response.write('first')
      return response
    })
    const site = url.replace('127.0.0.1', 'localhost')
    await using app = await openApp(daemon, { columns: 120, rows: 40 })

    app.type('3')
    await helps(app, /e +edit the selected user's limits[\s\S]*v +the groups/)
    app.type('v')
    await app.shows(/1\/1 groups/)
    app.type('a')
    await app.shows(/New group/)
    app.type('staff\r')
    await app.shows(/^[> ]staff +0 +-$[\s\S]*added the group staff/m)
    app.type('vv')
    await app.shows(/0\/0 users/)
    app.type('a')
    await app.shows(/New user/)
    app.type('bob\rsecret-of-bob\rsecret-of-bob\r')
    await app.shows(/^>bob +enabled/m)
    app.type('e')
    await app.shows(/Limits of bob/)
    app.type(`staff${tab}10`)
    app.type(`MB${tab}${tab}${tab}5${tab}${tab}50GB${tab}month`)
    await app.shows(/rate-down +10MB\n?[\s\S]*max-sources +5[\s\S]*quota +50GB[\s\S]*cycle +month/)
    app.type('\r')
    await app.shows(
      /^>bob +enabled.* staff .*\/10MB\/s .*\/50GB[\s\S]*changed bob: group staff, rate-down 10MB\/s, max-sources 5, quota 50GB, cycle month; u undoes/m,
    )

    app.type('4')
    await helps(app, /t +try a request[\s\S]*a +add a rule/)
    app.type('a')
    await app.shows(/New rule/)
    app.type('deny group:staff to localhost')
    await app.shows(/would cut 0 connections/)
    app.type('\r')
    await app.shows(/^[> ] +1 deny +group:staff to localhost +rules +\d+( +0)+ /m)

    expect(await fetch(daemon, `${site}/short`, '127.0.0.1')).toMatchObject({ status: refusedByProxy })
    await app.shows(/^[> ] +1 deny +group:staff to localhost +rules +\d+( +1)+ /m)
    expect(await fetch(daemon, `${url}/short`, '127.0.0.1')).toMatchObject({ status: 0, stdout: 'hello' })

    const devices = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']
    const open = devices.map((device) => fetch(daemon, `${url}/long`, device))
    app.type('3')
    await app.shows(/^>bob .* 5 /m)
    expect(await fetch(daemon, `${url}/short`, '127.0.0.6')).toMatchObject({ status: refusedByProxy })
    await app.shows(/^>bob .* 1\/min/m)
    app.type('1')
    await app.shows(/! refused by a limit in the last minute: bob 1/)

    app.type('3e')
    await app.shows(/Limits of bob[\s\S]*> group +staff/)
    app.type(`${tab}${erase}${tab}${tab}${tab}${erase}${tab}${tab}${erase}\r`)
    await app.shows(/changed bob: rate-down none, max-sources none, quota none; u undoes/)
    expect(await fetch(daemon, `${url}/short`, '127.0.0.6')).toMatchObject({ status: 0, stdout: 'hello' })
    app.type('4gjD')
    await app.shows(/Remove this rule\?[\s\S]*deny group:staff to localhost/)
    app.type('y')
    await app.until(() => !/group:staff/.test(app.screen), 'has removed the rule')
    expect(await fetch(daemon, `${site}/short`, '127.0.0.1')).toMatchObject({ status: 0, stdout: 'hello' })
    app.type('2')
    await app.shows(/5\/5 connections/)
    app.type('X')
    await app.shows(/Cut 5 of 5 connections\?/)
    app.type('y')
    await Promise.all(open)
    app.type(esc)
  },
)
