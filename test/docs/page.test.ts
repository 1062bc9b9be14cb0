import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { events, type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { pageFile, readSources } from './files.ts'
import { protocolPage } from './page.ts'
import { worked } from './worked-login.ts'

const page = protocolPage(readSources())

it('is written to PROTOCOL.md', () => {
  const isCurrent = readFileSync(pageFile, 'utf8') === page
  expect(isCurrent, 'PROTOCOL.md is not what the tables say: run `make docs`').toBe(true)
})

it('has a section for every method and event, and links only to sections', () => {
  const headings = [...page.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading ?? '')
  expect(headings).toEqual(expect.arrayContaining([...Object.keys(methods), ...Object.keys(events)]))
  const anchors = headings.map((heading) => `#${heading.toLowerCase().replaceAll(' ', '-').replaceAll('.', '')}`)
  const links = [...page.matchAll(/\]\((#[^)]+)\)/g)].map(([, target]) => target)
  expect(anchors).toEqual(expect.arrayContaining(links))
})

it('tells what is so where a parameter is left out', () => {
  const silent = Object.entries<MethodShape>(methods).flatMap(([method, { params }]) =>
    Object.entries(params.shape)
      .filter(([, schema]) => schema instanceof z.ZodOptional && schema.description === undefined)
      .map(([name]) => `${method}: ${name}`),
  )
  expect(silent).toEqual([])
})

it('shows nothing that ends before it began', () => {
  const spans = [...page.matchAll(/"opened": (\d+)[^{}]*"ended": (\d+)/g)].map(
    ([, from, to]) => Number(to) - Number(from),
  )
  expect(spans.length).toBeGreaterThan(0)
  expect(spans.filter((span) => span < 0)).toEqual([])
})

it('shows a login whose messages follow from its steps', () => {
  const bytesOf = (step: string) => Buffer.from(worked.steps.find(([name]) => name === step)?.[2] ?? '', 'hex')
  expect(worked.clientFinal.split(',p=')[1]).toBe(bytesOf('ClientProof').toString('base64'))
  expect(worked.serverFinal).toBe(`v=${bytesOf('ServerSignature').toString('base64')}`)
  for (const message of [worked.clientFirst, worked.serverFirst, worked.clientFinal, worked.serverFinal]) {
    expect(page).toContain(message)
  }
})

it('is not made of a template with parts that there are not, nor of one that forgets some', () => {
  const sources = readSources()
  expect(() => protocolPage({ ...sources, template: `${sources.template}{{limits.lines}}` })).toThrow('limits.lines')
  expect(() => protocolPage({ ...sources, template: sources.template.replace('{{errors}}', '') })).toThrow('errors')
  expect(() => protocolPage({ ...sources, python: '' })).toThrow('main')
})
