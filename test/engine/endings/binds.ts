import type { Ending } from './scripts.ts'
import type { Script } from './stage.ts'
import type { Visit } from './visit.ts'

/** Every way in which a BIND may end. */

const bind = 2

/** The client has heard where its peer may come to. */
function* listening(visit: Visit, user: string) {
  return yield* visit.command(user, bind, visit.places.target.address, 0)
}

/** The peer has come from the target's address, or from another. */
function* come(visit: Visit, user: string, from = visit.places.target.address): Script {
  const place = yield* listening(visit, user)
  visit.reached = visit.stage.connect(from, place.address, place.port)
}

function* stand(visit: Visit, user: string): Script {
  yield* come(visit, user)
  yield* visit.bound()
}

const ending = (weight: number, run: (visit: Visit) => Script): Ending => ({ weight, run })

export const binds: Record<string, Ending> = {
  'BIND, FIN while it listens': ending(40, function* (visit) {
    yield* listening(visit, 'other')
    visit.client.finish()
    yield* visit.over(visit.client)
  }),
  'BIND, RST while it listens': ending(40, function* (visit) {
    yield* listening(visit, 'other')
    visit.client.reset()
  }),
  'BIND, RST as its peer comes': ending(40, function* (visit) {
    yield* come(visit, 'other')
    visit.client.reset()
    yield* visit.over(visit.target)
  }),
  'BIND, nobody comes': ending(1, function* (visit) {
    yield* listening(visit, 'other')
    yield* visit.expect('05060001000000000000')
    visit.client.finish()
    yield* visit.over(visit.client)
  }),
  'BIND, a stranger comes': ending(40, function* (visit) {
    yield* come(visit, 'other', visit.places.source)
    yield* visit.over(visit.target)
    visit.client.reset()
  }),
  'BIND, whole': {
    weight: 40,
    exact: true,
    *run(visit) {
      yield* stand(visit, 'exact')
      yield* visit.move(visit.client, visit.target, 500)
      yield* visit.move(visit.target, visit.client, 70_000)
      yield* visit.pass(visit.target, visit.client)
      yield* visit.pass(visit.client, visit.target)
    },
  },
  'BIND, peer RST': ending(40, function* (visit) {
    yield* stand(visit, 'other')
    visit.target.reset()
    yield* visit.over(visit.client)
  }),
}
