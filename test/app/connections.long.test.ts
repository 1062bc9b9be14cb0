import { expect, test } from 'vitest'
import { connectThrough } from '../helpers/connect-through.ts'
import { type Daemon, startDaemon } from '../helpers/daemon.ts'
import { connectPeer } from '../helpers/peer.ts'
import { greeting, request } from '../helpers/socks-client.ts'
import { startTarget, type Target } from '../helpers/target.ts'
import { openApp } from './open-app.ts'

async function connection(daemon: Daemon, target: Target) {
  const client = await connectThrough(daemon.port('socks'), target)
  return { client, server: await target.next() }
}

test('the access log shows what became of connections, as it comes, and what was before', async () => {
  const daemon = await startDaemon()
  const target = await startTarget()
  const { client, server } = await connection(daemon, target)
  client.finish()
  server.finish()
  const tryNobody = async () => {
    const refused = await connectPeer('127.0.0.1', daemon.port('socks'))
    refused.write(greeting)
    await refused.read(2)
    refused.write(request('127.0.0.1', 1))
    await refused.discard()
  }
  await tryNobody()
  await using app = await openApp(daemon)
  app.type('2v')
  await app.shows(/2\/2 in the access log.*UTC▼ +Reason.*refused .*127\.0\.0\.1:1 /s)
  await tryNobody()
  await app.shows(/3\/3 in the access log/)
  app.type(' ')
  await app.shows(/3\/3 in the access log {3}HELD/)
  await tryNobody()
  app.type(' ')
  await app.shows(/4\/4 in the access log *\n/)
  app.type('/reason:finished')
  await app.shows(/1\/4 in the access log {3}filter: reason:finished\n.*\n>\d\d:\d\d:\d\d finished/)
  // What stands is asked of the daemon, which tells of no others any more.
  app.type('\r')
  await app.shows(/1\/1 in the access log/)
  app.type('\r')
  await app.shows(/Connection \S+ {3}ended .* after \d+s: finished[\s\S]*Average +down/)
  expect(app.screen).not.toMatch(/┤|x cut/)
  app.type('\u001b')
  await app.shows(/1\/1 in the access log/)
  app.type('\u001b')
  await app.shows(/4\/4 in the access log/)
  // A regular expression is our own affair.
  app.type('/~^finished$\r')
  await app.shows(/1\/4 in the access log/)
  app.type('\u001b')
  await app.shows(/4\/4 in the access log/)
  app.type('\u001b')
  await app.shows(/0\/0 connections/)
})
