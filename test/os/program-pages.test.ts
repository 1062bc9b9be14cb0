import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { unchangedParts } from '../../daemon/os/program-pages.ts'

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

test('what of a program was written since it was loaded is none that can be read from its file again, also in swap', () => {
  const mapping = (head: string, anonymous: number, swap: number) =>
    `${head}\nRss:       2048 kB\nAnonymous: ${anonymous} kB\nSwap:      ${swap} kB\nSwapPss:   0 kB\n`
  const code = '00400000-00401000 r-xp 00000000 08:01 7       /bin/node'
  const mappings = [
    mapping(code, 0, 0),
    mapping('00401000-00402000 r--p 00001000 08:01 7       /bin/node', 4, 0),
    mapping('00402000-00403000 r--p 00002000 08:01 7       /bin/node', 0, 4),
    mapping('00403000-00404000 rw-p 00003000 08:01 7       /bin/node', 0, 0),
    mapping('7f0000000000-7f0000001000 r-xp 00000000 08:01 8 /lib/libc.so.6', 0, 0),
  ]
  expect(unchangedParts(mappings.join(''), '/bin/node')).toEqual([{ from: 0x400000, to: 0x401000 }])
  expect(unchangedParts(`${code}\nRss:       2048 kB\n`, '/bin/node')).toEqual([])
})
