import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Judge } from '../../../daemon/policy/judge.ts'
import { OwnSockets } from '../../../daemon/policy/own-sockets.ts'
import { firstRuleId, RuleSet } from '../../../daemon/policy/rule-set.ts'
import { compileText } from '../../../daemon/rules/compile-text.ts'
import { Command } from '../../../daemon/socks/messages.ts'
import { ownFolder, removeFolder } from '../belongings.ts'
import { managed } from '../management.ts'
import { proxyd, type Running, start } from '../servers.ts'
import { compareBeside, ratio } from './comparison.ts'
import { connectionCost, connectionFigures, warmUp } from './connections.ts'
import { type Figures, type Scenario, type Setting, way } from './scenario.ts'

/** What 100,000 networks and 100,000 names in rules cost: to compile, to judge by, and each connection. */

const count = 100_000
const judgements = 1024 * 256

/** Rules that deny as many networks, and as many names with all below each. */
function writeRules(folder: string): string {
  const numbers = Array.from({ length: count }, (_, i) => i)
  const networks = numbers.map((i) => `${11 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`)
  const names = numbers.map((i) => `*.n${i}.example`)
  const lists = Object.entries({ networks, names }).map(([name, lines]) => {
    const file = join(folder, name)
    writeFileSync(file, `${lines.join('\n')}\n`)
    return `deny to @${file}\n`
  })
  return lists.join('')
}

/** Seconds of a processor that compiling takes, and microseconds that both judgements of a connection by name take. */
function cost(text: string, folder: string): Figures {
  const before = process.cpuUsage()
  const ids = [firstRuleId, firstRuleId + 1]
  const rules = new RuleSet(compileText({ text, ids, folder }))
  const compiled = process.cpuUsage(before)
  const judge = new Judge(new OwnSockets([], () => false), rules)
  const subject = { user: 0, group: 0, source: Uint8Array.of(192, 0, 2, 1), command: Command.connect }
  const places = Array.from({ length: 256 }, (_, i) => ({
    name: `www.m${i}.example`,
    address: { bytes: Uint8Array.of(93, i, 7, 9), scope: 0 },
  }))
  const took = (times: number) => {
    const began = process.cpuUsage()
    for (let i = 0; i < times; i += places.length)
      for (const { name, address } of places) {
        judge.admit(subject, { kind: 'name', name, port: 443 })
        judge.judge(subject, name, address, 443)
      }
    return process.cpuUsage(began).user / times
  }
  took(judgements)
  return {
    'rules, 100000 networks and names: CPU-s to compile': (compiled.user + compiled.system) / 1e6,
    "rules, 100000 networks and names: µs for a connection's judgements": took(judgements),
  }
}

/** Connections by name, with those rules and without any, in turns. */
async function connections(text: string, setting: Setting): Promise<Figures> {
  const [without, withRules] = [await start(proxyd(1), false), await start(proxyd(1), false)]
  try {
    await managed(withRules, (client) => client.call('rules.apply', { text }))
    const target = (running: Running) => ({ way: { ...way(running, setting.origin.ports.short), name: 'localhost' } })
    const leg = (running: Running) => async () =>
      connectionFigures(await connectionCost(running, { ...setting, seconds: setting.seconds / 2 }, target(running)))
    for (const running of [without, withRules]) await warmUp(running, setting, target(running))
    const result = await compareBeside(leg(without), leg(withRules))
    return {
      'rules, 100000 networks and names: connections per CPU-second, times those without':
        1 / ratio(result, 'CPU-µs each'),
    }
  } finally {
    await without.stop()
    await withRules.stop()
  }
}

export const ruleScenario: Scenario = {
  name: 'rules',
  measures: (server) => server?.engine === 'linux',
  async run(setting) {
    const folder = ownFolder()
    try {
      const text = writeRules(folder)
      return { ...cost(text, folder), ...(await connections(text, setting)) }
    } finally {
      removeFolder(folder)
    }
  },
}
