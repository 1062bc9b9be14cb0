import { Box } from 'ink'
import type { ReactElement } from 'react'
import type { UpDown } from '../../chart/resample.ts'
import { Lines } from '../../components/line.tsx'
import { useLook } from '../../components/look-context.ts'
import { Throughput } from '../../components/throughput.tsx'
import { graphPoints, isSame, isSameSubject, rangeLengths } from '../../state/graph.ts'
import { isStale, type State } from '../../state/state.ts'
import { still } from '../../state/traffic.ts'
import { arrange } from './arrange.ts'
import { nameOf, type Panel } from './panel.ts'
import { panels, roomFor } from './panels.ts'

/** What is wrong, throughput, who is busiest, who was refused; on large terminals more of what the daemon does. */
export function Overview({ state }: { readonly state: State }): ReactElement {
  return (
    <>
      {arrange(roomFor(state)).map(({ height, stacks }, band) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a band is nothing but its place
        <Box key={band} height={height}>
          {stacks.map(({ width, panels: stack }) => (
            <Box key={stack[0]?.panel} flexDirection="column" width={width}>
              {stack.map(({ panel, height }) =>
                panel === 'graphs' ? (
                  <Graphs key={panel} state={state} width={width} height={height} />
                ) : (
                  <PanelLines key={panel} panel={panels[panel]} state={state} width={width} height={height} />
                ),
              )}
            </Box>
          ))}
        </Box>
      ))}
    </>
  )
}

interface PartProps {
  readonly state: State
  readonly width: number
  readonly height: number
}

/** Shows the rows of one panel, with a column free at the right, as there is one at the left. */
function PanelLines({ panel, state, width, height }: PartProps & { readonly panel: Panel }): ReactElement {
  const look = useLook()
  const inner = width - 1
  const lines = panel({ state, look, width: inner, height }).slice(0, height)
  return (
    <Box flexDirection="column" height={height}>
      <Lines lines={lines} width={inner} height={height} />
    </Box>
  )
}

/** Throughput of everybody, or of the user who was chosen. */
function Graphs({ state, width, height }: PartProps): ReactElement {
  const look = useLook()
  const { overview, graphs, rateUnit } = state
  const { range, whose, logarithmic, shared, ceiling } = overview
  return (
    <Throughput
      points={graphPoints(graphs, overview)}
      length={rangeLengths[range]}
      isLoading={!graphs.some((graph) => isSame(graph, overview))}
      rate={rateOf(state)}
      whose={whose === null ? '' : look.text(nameOf({ name: whose.user }))}
      rateUnit={rateUnit}
      logarithmic={logarithmic}
      shared={shared}
      ceiling={ceiling}
      width={width}
      height={height}
      dim={isStale(state)}
    />
  )
}

/** What moves now, of those whose graph is shown. */
function rateOf({ traffic, overview }: State): UpDown {
  const { whose } = overview
  if (whose === null) return traffic.rate
  return traffic.users.find(({ name }) => isSameSubject(whose, { user: name })) ?? still
}
