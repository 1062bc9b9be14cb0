import { chartValues } from '../chart/plot.ts'
import { resample, summarize, type UpDown } from '../chart/resample.ts'
import { ceilingBeside } from '../chart/scale.ts'
import { graphPoints, isSameSubject, rangeLengths } from '../state/graph.ts'
import type { OverviewEvent } from '../state/overview.ts'
import type { State } from '../state/state.ts'
import type { App, Handler } from './app.ts'

export const overviewHandlers = {
  longerRange: (app) => tellOverview(app, { do: 'range', by: 1 }),
  shorterRange: (app) => tellOverview(app, { do: 'range', by: -1 }),
  logarithmic: (app) => tellOverview(app, { do: 'logarithmic' }),
  drawing: (app) => tellOverview(app, { do: 'drawing' }),
  sharedScale: (app) => tellOverview(app, { do: 'shared' }),
  fixCeiling: (app) => {
    const { state } = app.store
    tellOverview(app, { do: 'ceiling', bytes: state.overview.ceiling === null ? greatestShown(state) : null })
  },
  higherCeiling: (app) => moveCeiling(app, 1),
  lowerCeiling: (app) => moveCeiling(app, -1),
  nextUser: (app) => moveCursor(app, 1),
  previousUser: (app) => moveCursor(app, -1),
  graphUser: (app) => {
    const { selected } = app.store.state.overview
    if (selected) tellOverview(app, { do: 'show', subject: selected })
    else app.store.announce('nobody is selected: Up and Down do', 'bad')
  },
  graphEverybody: (app) => {
    tellOverview(app, { do: 'show', subject: null })
    tellOverview(app, { do: 'select', subject: null })
  },
} satisfies Record<string, Handler>

function tellOverview({ store }: App, event: OverviewEvent): void {
  store.dispatch({ type: 'overview', event })
}

/** The cursor follows its user; where that one is not listed any longer, it begins anew. */
function moveCursor(app: App, by: number): void {
  const { traffic, overview } = app.store.state
  const { selected } = overview
  const { users } = traffic
  const now = selected ? users.findIndex(({ name }) => isSameSubject({ user: name }, selected)) : -1
  const at = now < 0 ? (by > 0 ? 0 : users.length - 1) : Math.max(0, Math.min(now + by, users.length - 1))
  const user = users[at]
  if (user) tellOverview(app, { do: 'select', subject: { user: user.name } })
}

function moveCeiling(app: App, by: number): void {
  const { overview, rateUnit } = app.store.state
  const { down, up } = overview.ceiling ?? greatestShown(app.store.state)
  const beside = (ceiling: number) => ceilingBeside(ceiling, by, { ...overview, rateUnit })
  const bytes = overview.shared ? oneFor(beside(Math.max(down, up))) : { down: beside(down), up: beside(up) }
  tellOverview(app, { do: 'ceiling', bytes })
}

function oneFor(ceiling: number): UpDown {
  return { down: ceiling, up: ceiling }
}

/** The greatest rates of the graph on the screen, in bytes a second. */
function greatestShown({ overview, graphs, size }: State): UpDown {
  const points = graphPoints(graphs, overview)
  const values = chartValues(size.columns)
  const { down, up } = resample(points, points.at(-1)?.time ?? 0, rangeLengths[overview.range] / values, values)
  return { down: summarize(down)?.peak ?? 0, up: summarize(up)?.peak ?? 0 }
}
