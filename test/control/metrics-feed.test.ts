import { expect, it } from 'vitest'
import { followMetrics } from '../../daemon/control/handlers/metrics.ts'
import { sampleOf } from '../helpers/sample.ts'
import { FakeBackend } from './fake-backend.ts'

it('keeps the newest of the samples that could not be sent', () => {
  const { metrics } = new FakeBackend()
  const sent: number[] = []
  const outlet = { ready: true, send: (line: string) => void sent.push(JSON.parse(line).params.seq) }
  const subscription = followMetrics(metrics, outlet)
  metrics.push(sampleOf(0))
  outlet.ready = false
  for (const seq of [1, 2, 3]) metrics.push(sampleOf(seq))
  subscription.pump()
  expect(sent).toEqual([0])

  outlet.ready = true
  subscription.pump()
  subscription.pump()
  metrics.push(sampleOf(4))
  expect(sent).toEqual([0, 3, 4])

  subscription.stop()
  metrics.push(sampleOf(5))
  expect(sent).toEqual([0, 3, 4])
})
