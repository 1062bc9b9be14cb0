import { expect, it } from 'vitest'
import { expose, formatFor } from '../../daemon/prometheus/exposition.ts'
import { families, type Snapshot } from '../../daemon/prometheus/families.ts'

const nothing = Object.fromEntries(Object.keys(families).map((name) => [name, []])) as unknown as Snapshot

it('writes counters and gauges as each format wants them', () => {
  const snapshot: Snapshot = {
    ...nothing,
    proxyd_quota_exceeded: [[{}, 3]],
    proxyd_auth_queue: [[{}, 0.5]],
    proxyd_connections_limit: [[{}, Number.POSITIVE_INFINITY]],
  }
  const [limit, queue] = [families.proxyd_connections_limit.help, families.proxyd_auth_queue.help]
  const gauges = [
    `# HELP proxyd_connections_limit ${limit}`,
    '# TYPE proxyd_connections_limit gauge',
    'proxyd_connections_limit +Inf',
    `# HELP proxyd_auth_queue ${queue}`,
    '# TYPE proxyd_auth_queue gauge',
    'proxyd_auth_queue 0.5',
  ]
  expect(expose(snapshot, 'text').split('\n')).toEqual([
    ...gauges,
    '# HELP proxyd_quota_exceeded_total Quotas that were used up.',
    '# TYPE proxyd_quota_exceeded_total counter',
    'proxyd_quota_exceeded_total 3',
    '',
  ])
  expect(expose(snapshot, 'openmetrics').split('\n')).toEqual([
    ...gauges,
    '# HELP proxyd_quota_exceeded Quotas that were used up.',
    '# TYPE proxyd_quota_exceeded counter',
    'proxyd_quota_exceeded_total 3',
    '# EOF',
    '',
  ])
})

it('writes buckets that hold those before them, with bounds as numbers with a fraction', () => {
  const snapshot: Snapshot = {
    ...nothing,
    proxyd_resolve_duration_seconds: [[{ result: 'found' }, { bounds: [0.0025, 1], counts: [4, 0, 2], sum: 9.5 }]],
  }
  for (const format of ['text', 'openmetrics'] as const)
    expect(expose(snapshot, format).split('\n').slice(2, 7)).toEqual([
      'proxyd_resolve_duration_seconds_bucket{result="found",le="0.0025"} 4',
      'proxyd_resolve_duration_seconds_bucket{result="found",le="1.0"} 4',
      'proxyd_resolve_duration_seconds_bucket{result="found",le="+Inf"} 6',
      'proxyd_resolve_duration_seconds_sum{result="found"} 9.5',
      'proxyd_resolve_duration_seconds_count{result="found"} 6',
    ])
})

it('keeps whatever is in a name from ending the label', () => {
  const user = 'a"} 1\nproxyd_forged 2\\'
  const text = expose({ ...nothing, proxyd_user_sessions: [[{ user }, 1]] }, 'text')
  expect(text.split('\n')).toHaveLength(4)
  expect(text).toContain('proxyd_user_sessions{user="a\\"} 1\\nproxyd_forged 2\\\\"} 1\n')
})

it.each([
  [undefined, 'text'],
  ['*/*', 'text'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
  ['text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'text'],
  ['application/openmetrics-text; version=1.0.0', 'openmetrics'],
  ['application/openmetrics-text;q=0', 'text'],
  ['application/openmetrics-text;q=0.3,text/plain', 'text'],
  ['Application/OpenMetrics-Text;version=0.0.1, text/plain;q=0.9', 'openmetrics'],
  // What Prometheus 2 and 3 ask for.
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2',
    'openmetrics',
  ],
  [`application/openmetrics-text;q=much,${'x,'.repeat(3000)}`, 'text'],
])('takes Accept: %s for %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format)
})

it('tells of each family what Prometheus wants to know', () => {
  for (const [name, { type, help, labels }] of Object.entries(families)) {
    expect(name).toMatch(/^(proxyd|process)_[a-z][a-z_]*[a-z]$/)
    // The format adds these.
    expect(name).not.toMatch(/_(total|count|sum|bucket)$/)
    expect(help).toMatch(/^[A-Z][^\n\\]*\.$/)
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
    // Who comes from where and goes where is nobody's to read.
    for (const label of labels) expect(label).not.toMatch(/source|client|dest|target|host|address|ip$/)
  }
})
