import { type Distribution, families, type Snapshot } from './families.ts'

/** Prometheus' own text format, 0.0.4, and that of OpenMetrics, 1.0.0. */
export type Format = 'text' | 'openmetrics'

export const contentTypes: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** What the value of an Accept header asks for: OpenMetrics only if it is named, and no less wanted than text. */
export function formatFor(accept = ''): Format {
  let [text, openmetrics] = [0, 0]
  for (const item of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = item.split(';').map((part) => part.trim())
    const q = Number(parameters.find((each) => each.startsWith('q='))?.slice(2) ?? 1)
    if (type === 'application/openmetrics-text') openmetrics = Math.max(openmetrics, q)
    else if (type === 'text/plain' || type === 'text/*') text = Math.max(text, q)
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text'
}

/** A snapshot as one of the formats has it. */
export function expose(snapshot: Snapshot, format: Format): string {
  const lines: string[] = []
  for (const [name, { type, help }] of Object.entries(families)) {
    const series = snapshot[name as keyof Snapshot] as readonly Told[]
    if (series.length === 0) continue
    const family = type === 'counter' && format === 'text' ? `${name}_total` : name
    lines.push(`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`)
    const sample = type === 'counter' ? `${name}_total` : name
    for (const [labels, value] of series) {
      if (typeof value === 'number') lines.push(`${sample}${labelText(labels)} ${numberText(value)}`)
      else lines.push(...distributionLines(name, labels, value))
    }
  }
  if (format === 'openmetrics') lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

type Labels = Readonly<Record<string, string>>
type Told = readonly [labels: Labels, value: number | Distribution]

/** Buckets count all that took no longer than their bound, so each holds those before it. */
function distributionLines(name: string, labels: Labels, { bounds, counts, sum }: Distribution): string[] {
  let total = 0
  const buckets = counts.map((count, i) => {
    total += count
    const bound = bounds[i]
    return `${name}_bucket${labelText({ ...labels, le: bound === undefined ? '+Inf' : boundText(bound) })} ${total}`
  })
  return [
    ...buckets,
    `${name}_sum${labelText(labels)} ${numberText(sum)}`,
    `${name}_count${labelText(labels)} ${total}`,
  ]
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value)
}

/** As OpenMetrics wants it, also in text: a bound that is written in two ways would be two series. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}
