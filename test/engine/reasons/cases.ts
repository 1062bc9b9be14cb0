import { expect } from 'vitest'
import type { EngineServices, Timeouts } from '../../../daemon/engine/engine.ts'
import { Reason, State } from '../../../daemon/engine/session-table.ts'
import type { Endpoint } from '../../../daemon/net/endpoint.ts'
import { startBlackHole } from '../../helpers/black-hole.ts'
import { bytes, type Part } from '../../helpers/bytes.ts'
import { alice, aliceChanged, type ProxyUnderTest } from '../../helpers/engine.ts'
import { eventually } from '../../helpers/eventually.ts'
import { shortDeadline } from '../../helpers/patience.ts'
import type { Peer } from '../../helpers/peer.ts'
import { greeting, greetingForLogin, login, request } from '../../helpers/socks-client.ts'
import type { Target } from '../../helpers/target.ts'

/** Every way in which a session ends. */

type Reasons = keyof typeof Reason
type States = keyof typeof State

const never = () => new Promise<never>(() => {})

/** What there is when a case begins: one client, which has said nothing. */
interface Scene {
  readonly proxy: ProxyUnderTest
  readonly client: Peer
  readonly target: Target
  /** The client's request has been granted; the target's end. */
  open(): Promise<Peer>
}

interface Case {
  readonly title: string
  readonly reason: Reasons
  /** The states that the session comes to. */
  readonly states: readonly States[]
  readonly passwordRequired?: true
  readonly timeouts?: Partial<Timeouts>
  readonly services?: Partial<EngineServices>
  readonly forbidden?: readonly Endpoint[]
  /** May return a promise. */
  act(scene: Scene): unknown
}

const refusedAtOnce = ['negotiating', 'closing'] as const
const refusedAddress = ['negotiating', 'connecting', 'closing'] as const
const stood = ['negotiating', 'connecting', 'open'] as const

/** Says its part, hears the refusal to its end, and goes. */
async function refused(client: Peer, ...said: readonly Part[]): Promise<void> {
  client.write(bytes(...said))
  await client.readToEnd()
  client.finish()
}

/** The client asks, and is left waiting in this state. */
async function waiting({ proxy, client }: Scene, state: State, ...said: readonly Part[]): Promise<void> {
  client.write(bytes(...said))
  await eventually(() => expect(proxy.rows()).toMatchObject([{ state }]))
}

const serialsOf = (proxy: ProxyUnderTest) => proxy.rows().map(({ serial }) => serial)

export const cases: readonly Case[] = [
  {
    title: 'a wrong password',
    reason: 'denied',
    states: refusedAtOnce,
    passwordRequired: true,
    act: ({ client }) => refused(client, greetingForLogin, login(alice.name, 'guess')),
  },
  {
    title: 'no password where one is required',
    reason: 'denied',
    states: refusedAtOnce,
    passwordRequired: true,
    act: ({ client }) => refused(client, greeting),
  },
  {
    title: 'a wrong password, and a client that never leaves',
    reason: 'denied',
    states: refusedAtOnce,
    passwordRequired: true,
    act: ({ client }) => client.write(bytes(greetingForLogin, login(alice.name, 'guess'))),
  },
  {
    title: 'a wrong password, and an operator who cuts what is left',
    reason: 'denied',
    states: refusedAtOnce,
    passwordRequired: true,
    async act({ proxy, client }) {
      client.write(bytes(greetingForLogin, login(alice.name, 'guess')))
      await client.readToEnd()
      await proxy.engine.order('kill', serialsOf(proxy))
    },
  },
  {
    title: 'garbage',
    reason: 'malformed',
    states: refusedAtOnce,
    act: ({ client }) => refused(client, '(get / HTTP/1.1\r\n\r\n'),
  },
  {
    title: 'a name of length 0',
    reason: 'malformed',
    states: refusedAtOnce,
    act: ({ client }) => refused(client, greeting, 5, 1, 0, 3, 0, 0, 80),
  },
  {
    title: 'CMD 9',
    reason: 'unsupported',
    states: refusedAtOnce,
    act: ({ client }) => refused(client, greeting, 5, 9, 0, 1, 127, 0, 0, 1, 0, 80),
  },
  {
    title: 'ATYP 2',
    reason: 'unsupported',
    states: refusedAtOnce,
    act: ({ client }) => refused(client, greeting, 5, 1, 0, 2, 127, 0, 0, 1, 0, 80),
  },
  {
    title: 'a forbidden destination',
    reason: 'forbidden',
    states: refusedAtOnce,
    forbidden: [{ address: '127.0.0.1', port: 9 }],
    act: ({ client }) => refused(client, greeting, request('127.0.0.1', 9)),
  },
  {
    title: 'a name that is not found',
    reason: 'notFound',
    states: ['negotiating', 'resolving', 'closing'],
    act: ({ client }) => refused(client, greeting, request('unknown.test', 80)),
  },
  {
    title: 'a name that is not found in time',
    reason: 'timedOut',
    states: ['negotiating', 'resolving', 'closing'],
    timeouts: { resolve: 100 },
    services: { resolve: never },
    act: ({ client }) => refused(client, greeting, request('slow.test', 80)),
  },
  {
    title: 'an address that there is no way to',
    reason: 'unreachable',
    states: refusedAddress,
    // Broadcast is nothing for TCP: ENETUNREACH, whatever the machine's routes.
    act: ({ client }) => refused(client, greeting, request('255.255.255.255', 80)),
  },
  {
    title: 'an address that refuses',
    reason: 'refused',
    states: refusedAddress,
    act: ({ client, target }) => refused(client, greeting, request('127.0.0.2', target.port)),
  },
  {
    title: 'an address that does not answer in time',
    reason: 'timedOut',
    states: refusedAddress,
    timeouts: { connect: 200 },
    act: async ({ client }) => refused(client, greeting, request('127.0.0.1', await startBlackHole('127.0.0.1'))),
  },
  {
    title: 'a client that asks nothing in time',
    reason: 'silent',
    states: ['negotiating'],
    timeouts: { negotiation: 150 },
    act: ({ client }) => client.write(greeting),
  },
  {
    title: 'a login that is not checked in time',
    reason: 'failed',
    states: ['negotiating'],
    passwordRequired: true,
    timeouts: { negotiation: 150 },
    services: { authenticate: never },
    act: ({ client }) => client.write(bytes(greetingForLogin, login(alice.name, alice.password))),
  },
  {
    title: 'a client that leaves before it asks',
    reason: 'gone',
    states: ['negotiating'],
    async act({ client }) {
      client.write(greeting)
      await client.read(2)
      client.finish()
    },
  },
  {
    title: 'a client that leaves while its name is looked up',
    reason: 'gone',
    states: ['negotiating', 'resolving'],
    services: { resolve: never },
    async act(scene) {
      await waiting(scene, State.resolving, greeting, request('slow.test', 80))
      scene.client.finish()
    },
  },
  {
    title: 'a client that breaks off while its destination is dialled',
    reason: 'gone',
    states: ['negotiating', 'connecting'],
    async act(scene) {
      await waiting(scene, State.connecting, greeting, request('127.0.0.1', await startBlackHole('127.0.0.1')))
      scene.client.reset()
    },
  },
  {
    title: 'an operator who cuts what does not stand yet',
    reason: 'failed',
    states: ['negotiating', 'connecting'],
    async act(scene) {
      await waiting(scene, State.connecting, greeting, request('127.0.0.1', await startBlackHole('127.0.0.1')))
      await scene.proxy.engine.order('kill', serialsOf(scene.proxy))
    },
  },
  {
    title: 'both sides done, the client first',
    reason: 'finished',
    states: stood,
    async act({ client, open }) {
      const peer = await open()
      client.finish()
      await peer.readToEnd()
      peer.finish()
    },
  },
  {
    title: 'both sides done, the target first',
    reason: 'finished',
    states: stood,
    async act({ client, open }) {
      const peer = await open()
      peer.finish()
      await client.readToEnd()
      client.finish()
    },
  },
  {
    title: 'a client that breaks off',
    reason: 'reset',
    states: stood,
    async act({ client, open }) {
      await open()
      client.reset()
    },
  },
  {
    title: 'a target that breaks off',
    reason: 'reset',
    states: stood,
    act: async ({ open }) => (await open()).reset(),
  },
  {
    title: 'nothing moved for too long',
    reason: 'idle',
    states: stood,
    // The reply is to have come.
    timeouts: { idle: shortDeadline },
    act: ({ open }) => open(),
  },
  {
    title: 'nothing moved for too long behind one end',
    reason: 'idle',
    states: stood,
    timeouts: { halfClosed: 200 },
    async act({ client, open }) {
      await open()
      client.finish()
    },
  },
  {
    title: 'an operator',
    reason: 'cut',
    states: stood,
    async act({ proxy, open }) {
      await open()
      await proxy.engine.order('kill', serialsOf(proxy))
    },
  },
  {
    title: 'its user being cut',
    reason: 'cut',
    states: stood,
    passwordRequired: true,
    async act({ proxy, client, target }) {
      client.write(bytes(greetingForLogin, login(alice.name, alice.password), request(target.host, target.port)))
      await target.next()
      await eventually(() => expect(proxy.rows()).toMatchObject([{ state: State.open }]))
      await proxy.engine.order('userChanged', { ...aliceChanged, cut: true })
    },
  },
  ...(['quota', 'expired'] as const).map(
    (reason): Case => ({
      title: `the end of what its user may have: ${reason}`,
      reason,
      states: stood,
      passwordRequired: true,
      async act({ proxy, client, target }) {
        client.write(bytes(greetingForLogin, login(alice.name, alice.password), request(target.host, target.port)))
        await target.next()
        await eventually(() => expect(proxy.rows()).toMatchObject([{ state: State.open }]))
        proxy.lines.bar(alice.index, Reason[reason])
        await proxy.engine.order('limit', undefined)
      },
    }),
  ),
  {
    title: 'the end of the daemon',
    reason: 'ended',
    states: stood,
    async act({ proxy, open }) {
      await open()
      void proxy.engine.drain()
      await proxy.engine.close()
    },
  },
]
