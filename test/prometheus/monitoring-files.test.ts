import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { families } from '../../daemon/prometheus/families.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { dashboard, questions } from './dashboard.ts'

/** What docs/monitoring/ has for Prometheus and Grafana is held to what the daemon tells. */

const fileOf = (name: string) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))
const alerts = readFileSync(fileOf('monitoring/alerts.yaml'), 'utf8')
const expressions = [...questions, alerts]

const samples = Object.entries(families).flatMap(([name, { type }]) => {
  if (type === 'histogram') return ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`)
  return type === 'counter' ? `${name}_total` : name
})

function found(pattern: RegExp, texts: readonly string[] = expressions): string[] {
  return texts.flatMap((text) => [...text.matchAll(pattern)].map(([, match = '']) => match))
}

const promtool = findProgram('promtool')

it('name no metric that the daemon does not tell', () => {
  const named = new Set(found(/\b((?:proxyd|process)_\w+)/g))
  expect(questions.length).toBeGreaterThan(30)
  expect([...named].filter((name) => !samples.includes(name))).toEqual([])
  expect(found(/\b((?:proxyd|process)_\w+)/g, [readFileSync(fileOf('monitoring.md'), 'utf8')])).toEqual([])
})

it('show every metric in the dashboard', () => {
  const shown = found(/\b((?:proxyd|process)_\w+)/g, questions).join(' ')
  expect(Object.keys(families).filter((name) => !shown.includes(name))).toEqual(['process_start_time_seconds'])
})

it('name no label that there is not', () => {
  const known = new Set([...Object.values(families).flatMap(({ labels }) => labels), 'instance', 'job', 'le'])
  const lists = found(/\b(?:by|without) \(([^)]*)\)/g).flatMap((list) => list.split(/, */))
  const named = [
    ...lists,
    ...found(/[{,](\w+)=/g, questions),
    ...found(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g, [alerts, dashboard]),
  ]
  expect([...new Set(named)].filter((label) => !known.has(label as 'le'))).toEqual([])
})

it.runIf(promtool)('are what promtool takes', async () => {
  const folder = await temporaryFolder()
  const rules = questions.map((expr, i) => `      - {record: 'r:${i}', expr: ${JSON.stringify(expr)}}`)
  const asked = join(folder, 'dashboard.yaml')
  await writeFile(asked, ['groups:', '  - name: dashboard', '    rules:', ...rules, ''].join('\n'))
  const { status, stdout, stderr } = await run(promtool ?? '', [
    'check',
    'rules',
    fileOf('monitoring/alerts.yaml'),
    asked,
  ])
  expect([status, stderr, stdout.match(/SUCCESS/g)]).toEqual([0, '', ['SUCCESS', 'SUCCESS']])
})

it.runIf(promtool)('alert when they should, and only then', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'test.yaml')
  const firing = (at: string, ...alertnames: string[]) => [
    '      - expr: count by (alertname, instance) (ALERTS{alertstate="firing"})',
    `        eval_time: ${at}`,
    '        exp_samples:',
    ...alertnames.map((name) => `          - {labels: '{alertname="${name}",instance="a"}', value: 1}`),
  ]
  await writeFile(
    file,
    [
      `rule_files: [${JSON.stringify(fileOf('monitoring/alerts.yaml'))}]`,
      'evaluation_interval: 1m',
      'tests:',
      '  - interval: 1m',
      '    input_series:',
      `      - {series: 'proxyd_connections{instance="a",state="open"}', values: '91x30'}`,
      `      - {series: 'proxyd_connections{instance="a",state="closing"}', values: '0x30'}`,
      `      - {series: 'proxyd_connections_limit{instance="a"}', values: '100x30'}`,
      `      - {series: 'proxyd_connections{instance="b",state="open"}', values: '89x30'}`,
      `      - {series: 'proxyd_connections_limit{instance="b"}', values: '100x30'}`,
      `      - {series: 'proxyd_connect_duration_seconds_count{instance="a",family="ipv4",result="connected"}', values: '0+20x40'}`,
      `      - {series: 'proxyd_connect_duration_seconds_count{instance="a",family="ipv4",result="timed_out"}', values: '0+30x40'}`,
      `      - {series: 'proxyd_connect_duration_seconds_count{instance="b",family="ipv4",result="connected"}', values: '0+30x40'}`,
      `      - {series: 'proxyd_connect_duration_seconds_count{instance="b",family="ipv4",result="timed_out"}', values: '0+20x40'}`,
      `      - {series: 'proxyd_tls_certificate_expiry_seconds{instance="a",listener="control-tls"}', values: '1209000x30'}`,
      `      - {series: 'proxyd_tls_certificate_expiry_seconds{instance="b",listener="control-tls"}', values: '1299600x30'}`,
      '    promql_expr_test:',
      ...firing('3m', 'ProxydCertificateExpires'),
      ...firing('25m', 'ProxydCertificateExpires', 'ProxydConnectionsNearLimit', 'ProxydConnectsFail'),
      '',
    ].join('\n'),
  )
  const { status, stdout, stderr } = await run(promtool ?? '', ['test', 'rules', file])
  expect([status, stderr, stdout]).toEqual([0, '', expect.stringContaining('SUCCESS')])
})

it.runIf(promtool)('are about metrics that promtool finds no fault with, and label values that there are', async () => {
  const odd = 'a"b\\x\u0301 {x="y"} 1'
  const daemon = await startDaemon(['--metrics-addr', '0', '--metrics-users', 'top', '-u', `${odd}:a password`])
  const response = await fetch(`http://127.0.0.1:${daemon.port('metrics')}/metrics`)
  const text = await response.text()
  expect(text).toContain('user="a\\"b\\\\x\u0301 {x=\\"y\\"} 1"')
  const { status, stdout, stderr } = await run(promtool ?? '', ['check', 'metrics'], { input: text })
  expect([status, stdout, stderr]).toEqual([0, '', ''])
  const matched = found(/[{,](?!instance|job)(\w+=~?"[^"]*")/g)
  expect(matched.length).toBeGreaterThan(5)
  const values = matched.flatMap((matcher) => {
    const [, label, either = ''] = /(\w+)=~?"([^"]*)"/.exec(matcher) ?? []
    return either.split('|').map((value) => `${label}="${value}"`)
  })
  expect(values.filter((value) => !text.includes(value))).toEqual([])
})
