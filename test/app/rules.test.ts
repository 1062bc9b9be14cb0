import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { sharedDaemon, startDaemon } from '../helpers/daemon.ts'
import { exec } from '../helpers/proxy-tui.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { openApp, sharedApp } from './open-app.ts'

const esc = '\u001b'
const erase = '\u0015'

const daemons = sharedDaemon()
const apps = sharedApp(daemons)

test('what cuts live connections says so, and asks before it is done; R makes a rule of a connection', async () => {
  const daemon = await daemons()
  const target = await startTarget()
  const client = await connectThrough(daemon.port('socks'), target)
  await target.next()
  const app = await apps()
  app.type('2')
  await app.shows(/1\/1 connections/)
  app.type('R')
  await app.shows(/New rule before all others[\s\S]*> Rule +deny from \S+ to 127\.0\.0\.1▏/)
  await app.shows(/in all +allow[\s\S]*would cut 1 connection/)
  app.type('\r')
  await app.shows(
    /Add this rule\?[\s\S]*deny from \S+ to 127\.0\.0\.1[\s\S]*It cuts 1 live connection\.[\s\S]*\[ Cancel \]/,
  )
  app.type('y')
  await app.shows(/0\/0 connections[\s\S]*1 added, 0 removed, cut 1 connection; u undoes/)
  await client.ending
  app.type('u')
  await app.shows(/0 added, 1 removed/)
})

test('a source is kept out for a time, and let in again', async () => {
  const app = await apps()
  app.type('5')
  await app.shows(/0\/0 sources kept out/)
  app.type('a')
  await app.shows(/Keep a source out/)
  app.type('192.0.2.7\r10m\r')
  await app.shows(/^>192\.0\.2\.7 +by operator[\s\S]*(9m\d\ds|10m00s)[\s\S]*u undoes/m)
  app.type('D')
  await app.shows(/0\/0 sources kept out[\s\S]*lifted the ban of 192\.0\.2\.7; u undoes/)
  app.type('u')
  await app.shows(/Keep 192\.0\.2\.7 out/)
  app.type('y')
  await app.shows(/^>192\.0\.2\.7/m)
  app.type('a')
  await app.shows(/Keep a source out/)
  app.type(`nowhere${erase}x\r\r`)
  await app.shows(/! .*address/)
  app.type(esc)
  await app.until(() => !app.screen.includes('Keep a source out'), 'has closed the form')
})

test('the rules are shown in their order, beside what proxyd says itself, with how often each decided', async () => {
  const daemon = await daemons()
  await exec(daemon, 'rules add deny to *.ads.example # no ads; rules add allow to any port 443')
  await exec(daemon, 'rules test - x.ads.example:443')
  const app = await apps()
  app.type('4')
  await app.shows(/4\/4 rules[\s\S]*- deny +to proxyd's own/)
  await app.shows(/^ +1 deny +to \*\.ads\.example # no ads +rules +\d+( +0)+ +-$/m)
  await app.shows(/^ +2 allow +to any port 443 +rules +\d+( +0)+ +-\n +- deny +to special/m)
})

test('a request is tried while it is typed, and Enter selects the rule that decides', async () => {
  const daemon = await startDaemon(['-u', 'bob:pw'])
  await exec(daemon, 'rules add allow user:bob to ok.example; rules add deny to *.example')
  await using app = await openApp(daemon)
  app.type('4t')
  await app.shows(/What do the rules say to/)
  app.type('x.example:80')
  await app.shows(/request +deny +\d+ deny to \*\.example[\s\S]*in all +deny/)
  expect(app.screen).toMatch(/^\* +2 deny/m)
  app.type('\r')
  await app.shows(/^> +2 deny/m)
  expect(app.screen).not.toMatch(/What do the rules say/)
})

test('a rule is judged while it is typed, added behind the selected one, moved, changed, taken back and removed', async () => {
  const daemon = await startDaemon()
  await exec(daemon, 'rules add allow to a.example; rules add allow to b.example')
  await using app = await openApp(daemon)
  app.type('4')
  await app.shows(/^ +1 allow +to a\.example/m)
  app.type('ja')
  await app.shows(/New rule at place 2/)
  app.type('deny too')
  await app.shows(/! line 1, column 6: "too" is no clause/)
  app.type('\r')
  await app.shows(/! .*column 6/)
  app.type('\u0017to c.example')
  await app.shows(/would cut 0 connections/)
  app.type('\r')
  await app.shows(/^> +2 deny +to c\.example[\s\S]* 3 allow +to b\.example[\s\S]*u undoes/m)
  app.type('J')
  await app.shows(/^> +3 deny +to c\.example[\s\S]*u undoes/m)
  app.type('K')
  await app.shows(/^> +2 deny +to c\.example/m)
  app.type('K')
  await app.shows(/^> +1 deny +to c\.example/m)
  app.type('K')
  await app.shows(/! it is the first/)
  app.type('e')
  await app.shows(/Rule at place 1[\s\S]*> Rule +deny to c\.example/)
  app.type(' port 25\r')
  await app.shows(/^> +1 deny +to c\.example port 25/m)
  app.type('u')
  await app.shows(/^[> ] +1 deny +to c\.example +rules +\d+ +0 +-$/m)
  app.type('gjD')
  await app.shows(/Remove this rule\?[\s\S]*deny to c\.example[\s\S]*\[ Cancel \]/)
  app.type('y')
  await app.until(() => !app.screen.includes('c.example'), 'has removed it')
  app.type('u')
  await app.shows(/^[> ] +1 deny +to c\.example/m)
  app.type('gD')
  await app.shows(/! it is a rule of proxyd itself, which stays/)
})

test('all rules are changed in the editor; what is not taken is not lost', async () => {
  const daemon = await startDaemon()
  await exec(daemon, 'rules add allow to a.example')
  const folder = await temporaryFolder()
  const editor = join(folder, 'editor')
  await writeFile(
    editor,
    `#!/bin/sh\nfor file; do :; done\nif grep -q nonsense "$file"; then sed -i '/nonsense/d' "$file"\nelse printf 'nonsense\\ndeny to b.example\\n' >>"$file"; fi\n`,
  )
  await chmod(editor, 0o700)
  await using app = await openApp(daemon, { env: { VISUAL: editor } })
  app.type('4')
  await app.shows(/^ +1 allow/m)
  app.type('V')
  await app.shows(/These rules are not taken[\s\S]*> +Edit on[\s\S]*line 2, column 1/)
  app.type('\r')
  await app.shows(/^ +2 deny +to b\.example[\s\S]*u undoes/m)
  app.type('u')
  await app.until(() => !app.screen.includes('b.example'), 'has taken it back')
})
