import { associations } from './associations.ts'
import { binds } from './binds.ts'
import type { Script } from './stage.ts'
import { type Host, messages, type Visit } from './visit.ts'

/** Every way in which a connection may end, in every state. */

export interface Ending {
  /** How many of these there are for one of the rarest. */
  readonly weight: number
  /** Everything that is sent is received, so the proxy's counters must say the same. Their user is `exact`. */
  readonly exact?: true
  /** The client's kernel keeps little, so that the proxy is soon left with bytes that nobody takes. */
  readonly keepsLittle?: true
  run(visit: Visit): Script
}

/** Something done at once, after which nothing is waited for. */
const atOnce = (act: (visit: Visit) => void) =>
  function* (visit: Visit): Script {
    act(visit)
    yield* []
  }

/** How a client goes that has not been served yet. */
const leaves: Record<string, (visit: Visit) => Script> = {
  RST: atOnce(({ client }) => client.reset()),
  *FIN(visit) {
    visit.client.finish()
    yield* visit.over(visit.client)
  },
}

const { greeting, loginOf, requestFor } = messages
const someAddress = Uint8Array.of(127, 0, 0, 1)
const refusal = (reply: string) => `05${reply}0001000000000000`

/** How far a client comes before it leaves. */
const stages: Record<string, (visit: Visit) => Script> = {
  *'before a word'(visit) {
    yield* visit.say()
  },
  *'in the greeting'(visit) {
    yield* visit.say(greeting.subarray(0, 2))
  },
  *'after the greeting'(visit) {
    yield* visit.say(greeting)
    yield* visit.expect('0502')
  },
  *'in the login'(visit) {
    yield* visit.say(greeting, loginOf('other', 'secret').subarray(0, 9))
    yield* visit.expect('0502')
  },
  *'while the login is checked'(visit) {
    yield* visit.say(greeting, loginOf('slow', 'secret'))
    yield* visit.expect('0502')
  },
  *'in the request'(visit) {
    yield* visit.enter('other')
    yield* visit.say(requestFor(someAddress, 80).subarray(0, 6))
  },
  *'while the name is looked up'(visit) {
    yield* visit.ask('other', 'late.test')
  },
  *'while connecting'(visit) {
    const { address, port } = visit.places.blackHole
    yield* visit.ask('other', address, port)
  },
  *'while connecting, known to'(visit) {
    const { address, port } = visit.places.blackHole
    yield* visit.ask('other', address, port)
    yield* visit.stage.pause(20)
  },
  *'as the reply comes'(visit) {
    yield* visit.ask('other')
  },
}

/** Clients that go by themselves before they are served. */
const early = Object.entries(stages).flatMap(([stage, reach]) =>
  Object.entries(leaves).map(([name, leave]): [string, Ending] => [
    `${name} ${stage}`,
    {
      weight: 40,
      *run(visit) {
        yield* reach(visit)
        yield* leave(visit)
      },
    },
  ]),
)

/** Clients that say this, and are refused with that. */
function refused(weight: number, heard: string, say: (visit: Visit) => Script): Ending {
  return {
    weight,
    *run(visit) {
      yield* say(visit)
      yield* visit.expect(heard)
      yield* visit.over(visit.client)
    },
  }
}

const saying =
  (...parts: readonly Uint8Array[]) =>
  (visit: Visit) =>
    visit.say(...parts)
const asking =
  (host: Host, port = 80) =>
  (visit: Visit) =>
    visit.ask('other', host, port)
const entered = (message: Uint8Array) =>
  function* (visit: Visit) {
    yield* visit.enter('other')
    yield* visit.say(message)
  }

const refusals: Record<string, Ending> = {
  'bad password': refused(80, '05020101', saying(greeting, loginOf('other', 'wrong'))),
  'no method in common': refused(40, '05ff', saying(Uint8Array.of(5, 1, 0))),
  'another protocol': refused(40, '', saying(new TextEncoder().encode('(get / HTTP/1.1\r\n\r\n'))),
  garbage: refused(40, '', saying(Uint8Array.from({ length: 200 }, (_, i) => (i * 167 + 77) & 0xff))),
  'another command': refused(40, refusal('07'), entered(requestFor(someAddress, 80, 9))),
  'another kind of address': refused(40, refusal('08'), entered(Uint8Array.of(5, 1, 0, 9, 0))),
  'a target that refuses': refused(120, refusal('05'), (visit) =>
    visit.ask('other', visit.places.blackHole.address, 1),
  ),
  'a name without addresses': refused(80, refusal('04'), asking('unknown.test')),
  'a name that takes too long': refused(1, refusal('04'), asking('never.test')),
  'a target that does not answer': refused(1, refusal('06'), (visit) =>
    visit.ask('other', visit.places.blackHole.address, visit.places.blackHole.port),
  ),
  'several addresses that do not answer': refused(1, refusal('06'), (visit) =>
    visit.ask('other', 'silent.test', visit.places.blackHole.port),
  ),
  'RST while several addresses are tried': {
    weight: 4,
    *run(visit) {
      yield* visit.ask('other', 'silent.test', visit.places.blackHole.port)
      yield* visit.stage.pause(600)
      visit.client.reset()
    },
  },
  'negotiation that takes too long': {
    weight: 2,
    *run(visit) {
      yield* visit.expect('')
      yield* visit.over(visit.client)
    },
  },
}

/** Conversations that come to their proper end. */
const whole: Record<string, Ending> = {
  'client finishes first': exact(200, function* (visit) {
    yield* visit.open('exact')
    yield* visit.move(visit.client, visit.target, 500)
    yield* visit.move(visit.target, visit.client, 3_000)
    yield* visit.pass(visit.client, visit.target)
    yield* visit.move(visit.target, visit.client, 70_000)
    yield* visit.pass(visit.target, visit.client)
  }),
  'target finishes first': exact(200, function* (visit) {
    yield* visit.open('exact')
    yield* visit.move(visit.target, visit.client, 1)
    yield* visit.pass(visit.target, visit.client)
    yield* visit.move(visit.client, visit.target, 9_999)
    yield* visit.pass(visit.client, visit.target)
  }),
  'both finish at once': exact(200, function* (visit) {
    yield* visit.open('exact', visit.named('any'))
    yield* visit.move(visit.client, visit.target, 64)
    visit.client.finish()
    visit.target.finish()
    yield* visit.over(visit.client)
    yield* visit.over(visit.target)
  }),
  'words behind the request': exact(120, function* (visit) {
    yield* visit.open('exact', undefined, 700)
    while (visit.target.received < 700) if (visit.target.receive(700) === 0) yield
    yield* visit.pass(visit.target, visit.client)
    yield* visit.pass(visit.client, visit.target)
  }),
  'bulk both ways': exact(10, function* (visit) {
    yield* visit.open('exact')
    yield* visit.move(visit.target, visit.client, 1_500_000)
    yield* visit.move(visit.client, visit.target, 1_000_001)
    yield* visit.pass(visit.target, visit.client)
    yield* visit.pass(visit.client, visit.target)
  }),
}

function exact(weight: number, run: (visit: Visit) => Script): Ending {
  return { weight, exact: true, run }
}

/** Breaks of an open connection: each is brought about by one side, or by the proxy, and the other must hear of it. */
const breaks: Record<string, (visit: Visit) => Script> = {
  *'client RST'(visit) {
    visit.client.reset()
    yield* visit.over(visit.target)
  },
  *'target RST'(visit) {
    visit.target.reset()
    yield* visit.over(visit.client)
  },
  'both RST': atOnce(({ client, target }) => {
    target.reset()
    client.reset()
  }),
  *'client gone'(visit) {
    visit.client.close()
    yield* visit.over(visit.target)
  },
  *'target gone'(visit) {
    visit.target.close()
    yield* visit.over(visit.client)
  },
}

/** What goes on when it breaks. */
const scenes: Record<string, { weight: number; keepsLittle?: true; play: (visit: Visit) => Script }> = {
  'after the reply': { weight: 80, play: atOnce(() => {}) },
  'between words': {
    weight: 40,
    *play(visit) {
      yield* visit.move(visit.client, visit.target, 100)
      yield* visit.move(visit.target, visit.client, 100)
    },
  },
  'in a transfer up': {
    weight: 20,
    play: atOnce(({ client }) => client.send(200_000)),
  },
  'in a transfer down': {
    weight: 20,
    *play(visit) {
      yield* visit.move(visit.target, visit.client, 200_000)
      visit.target.send(200_000)
    },
  },
  'with a client that does not read': {
    weight: 1,
    keepsLittle: true,
    *play(visit) {
      yield* visit.stuff(visit.target)
    },
  },
  'with a target that does not read': {
    weight: 1,
    *play(visit) {
      yield* visit.stuff(visit.client)
    },
  },
  'with nobody who reads': {
    weight: 1,
    keepsLittle: true,
    *play(visit) {
      yield* visit.stuff(visit.client)
      yield* visit.stuff(visit.target)
    },
  },
  'half closed': {
    weight: 40,
    *play(visit) {
      yield* visit.pass(visit.client, visit.target)
    },
  },
}

const broken = Object.entries(scenes).flatMap(([scene, { weight, play, ...rest }]) =>
  Object.entries(breaks).map(([name, act]): [string, Ending] => [
    `${name} ${scene}`,
    {
      weight,
      ...rest,
      *run(visit) {
        yield* visit.open('other')
        yield* play(visit)
        yield* act(visit)
      },
    },
  ]),
)

/** The proxy ends a connection by itself, perhaps before all is said. `user` and `name` tell it which. */
function cut(weight: number, user: string, name: string, play: (visit: Visit) => Script): Ending {
  return {
    weight,
    keepsLittle: true,
    *run(visit) {
      try {
        yield* visit.open(user, visit.named(name))
        yield* play(visit)
      } catch (error) {
        if (visit.client.end === undefined && visit.reached?.end === undefined) throw error
      }
      yield* visit.over(visit.client)
      if (visit.reached) yield* visit.over(visit.reached)
    },
  }
}

const words = (visit: Visit) => visit.move(visit.client, visit.target, 100)
const stuffed = (visit: Visit) => visit.stuff(visit.target)

const cuts: Record<string, Ending> = {
  'killed between words': cut(40, 'other', 'kill', words),
  'killed with bytes held': cut(2, 'other', 'kill', stuffed),
  'killed half closed': cut(10, 'other', 'kill', (visit) => visit.pass(visit.target, visit.client)),
  'user cut between words': cut(40, 'cut', 'any', words),
  'user cut with bytes held': cut(2, 'cut', 'any', stuffed),
  'idle for too long': cut(2, 'other', 'any', words),
  'stuck for too long': cut(1, 'other', 'any', stuffed),
  'half closed for too long': cut(2, 'other', 'any', (visit) => visit.pass(visit.client, visit.target)),
  'half closed and stuck for too long': cut(1, 'other', 'any', function* (visit) {
    visit.client.finish()
    yield* visit.stuff(visit.target)
  }),
}

export const endings: ReadonlyMap<string, Ending> = new Map([
  ...early,
  ...Object.entries(refusals),
  ...Object.entries(whole),
  ...broken,
  ...Object.entries(cuts),
  ...Object.entries(binds),
  ...Object.entries(associations),
])
