import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { writeIdentity } from '../control/tls-client.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { connectThrough } from '../helpers/connect-through.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { findProgram } from '../helpers/programs.ts'
import { startTarget } from '../helpers/target.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { questions } from './dashboard.ts'

const prometheus = findProgram('prometheus')
const alerts = fileURLToPath(new URL('../../docs/monitoring/alerts.yaml', import.meta.url))

/** A Prometheus that scrapes this port every second, by the alerts of ours, until the test is over; resolves to how to ask it. */
async function startPrometheus(program: string, port: number): Promise<(path: string) => Promise<unknown>> {
  const folder = await temporaryFolder()
  const own = await freePort()
  await copyFile(alerts, join(folder, 'alerts.yaml'))
  await writeFile(
    join(folder, 'prometheus.yml'),
    [
      'global: {scrape_interval: 1s, evaluation_interval: 1s}',
      'rule_files: [alerts.yaml]',
      `scrape_configs: [{job_name: proxyd, static_configs: [{targets: ["127.0.0.1:${port}"]}]}]`,
      '',
    ].join('\n'),
  )
  const child = spawn(
    program,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${own}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return async (path) => {
    const response = await fetch(`http://127.0.0.1:${own}/api/v1/${path}`)
    return ((await response.json()) as { data: unknown }).data
  }
}

it.runIf(prometheus)('is scraped by Prometheus, whose series move as clients do', async () => {
  const { cert, key } = await writeIdentity(makeCertificate('127.0.0.1'))
  const tls = ['--control-tls-addr', '127.0.0.1', '--control-tls-port', '0', '--control-tls-cert', cert]
  const more = ['--metrics-users', 'top', '--access-log', join(await temporaryFolder(), 'access.log')]
  const daemon = await startDaemon(['--metrics-addr', '0', ...more, ...tls, '--control-tls-key', key])
  const ask = await startPrometheus(prometheus ?? '', daemon.port('metrics'))
  const value = async (query: string) => {
    const { result } = (await ask(`query?query=${encodeURIComponent(query)}`)) as {
      result: { value: [number, string] }[]
    }
    return result.map(({ value: [, text] }) => text)
  }
  await eventually(async () => expect(await value('up{job="proxyd"}')).toEqual(['1']))
  const target = await startTarget()
  for (const size of [1000, 2345]) {
    const client = await connectThrough(daemon.port('socks'), { host: 'localhost', port: target.port })
    const peer = await target.next()
    peer.write(Buffer.alloc(size))
    await client.read(size)
    peer.finish()
    client.finish()
  }
  await eventually(async () => {
    expect(await value('proxyd_session_bytes_total{direction="down"}')).toEqual(['3345'])
    expect(await value('proxyd_connect_duration_seconds_count{result="connected",family="ipv4"}')).toEqual(['2'])
    expect(await value('sum(proxyd_sessions_total{reason="finished"})')).toEqual(['2'])
    expect(await value('proxyd_connect_duration_seconds_bucket{result="connected",family="ipv4",le="10.0"}')).toEqual([
      '2',
    ])
  })
  // It takes every line, and each rule of ours.
  const metadata = (await ask('metadata')) as Record<string, { type: string }[]>
  expect(metadata.proxyd_connections).toMatchObject([{ type: 'gauge' }])
  const { groups } = (await ask('rules')) as { groups: { rules: { health: string; lastError?: string }[] }[] }
  expect(groups.flatMap(({ rules }) => rules.map(({ lastError }) => lastError)).filter(Boolean)).toEqual([])
  // And what the dashboard asks has an answer, but for what nothing is drawn of as long as no thread has died, and of a fleet.
  const unanswered = async () => {
    const ofAll = questions.filter((question) => !question.includes('proxyd_fleet_'))
    const answers = await Promise.all(ofAll.map(async (question) => [question, await value(question)] as const))
    return answers.filter(([, values]) => values.every((text) => text === 'NaN')).map(([question]) => question)
  }
  await eventually(async () =>
    expect(await unanswered()).toEqual([expect.stringMatching(/loop_restarts_total.* > 0$/)]),
  )
  const { activeTargets } = (await ask('targets')) as { activeTargets: { lastError: string }[] }
  expect(activeTargets.map(({ lastError }) => lastError)).toEqual([''])
})
