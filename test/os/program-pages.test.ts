import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test.runIf(process.platform === 'linux')('a program that is released takes less memory, and goes on as it was', () => {
  const module = new URL('../../daemon/os/program-pages.ts', import.meta.url).href
  const code = `
    import { readFileSync, readlinkSync } from 'node:fs'
    import { releaseProgram } from ${JSON.stringify(module)}
    const program = readlinkSync('/proc/self/exe')
    // Memory of the program's file, and what this process has changed of it, in KiB.
    const now = () => {
      const own = readFileSync('/proc/self/smaps', 'latin1').split(/\\n(?=[\\da-f]+-)/).filter((part) => part.includes(program + '\\n'))
      const sum = (name) => own.reduce((all, part) => all + Number(new RegExp('^' + name + ': +(\\\\d+)', 'm').exec(part)[1]), 0)
      return { all: sum('Rss'), changed: sum('Anonymous') }
    }
    const before = now()
    releaseProgram()
    const after = now()
    console.log(JSON.stringify({ ratio: after.all / before.all, kept: after.changed >= before.changed, sorted: [3, 1, 2].sort() }))
  `
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const { ratio, ...rest } = JSON.parse(stdout)
  expect(ratio).toBeLessThan(0.6)
  expect(rest).toEqual({ kept: true, sorted: [1, 2, 3] })
})
