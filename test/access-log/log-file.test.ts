import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { lineOf } from '../../daemon/access-log/line.ts'
import {
  foreseeLogFile,
  foreseeRotation,
  foreseeStartOfLog,
  LogFile,
  openLogFile,
  type Rotation,
} from '../../daemon/access-log/log-file.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { accessEntryOf } from './entries.ts'

const unbounded: Rotation = { size: 0, count: 0 }

function begin(path: string, rotation = unbounded) {
  const problems: (string | undefined)[] = []
  const file = new LogFile(path, rotation, (problem) => problems.push(problem))
  onTestFinished(() => void file.close())
  return { file, problems }
}

/** A pipe that is there to be read from, as far as a reader likes. */
async function pipe(): Promise<string> {
  const path = join(await temporaryFolder(), 'pipe')
  execFileSync('mkfifo', [path])
  return path
}

function openReader(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  return fd
}

/** What a pipe has now. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(1024 * 1024)
  const chunks: string[] = []
  try {
    for (let read = -1; read !== 0; ) {
      read = readSync(fd, buffer)
      chunks.push(buffer.toString('utf8', 0, read))
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
  }
  return chunks.join('')
}

it('appends to what is there, and makes what is not there readable by its user alone', async () => {
  const path = join(await temporaryFolder(), 'log')
  const { file } = begin(path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  file.add('one\n')
  file.close()
  const { file: again } = begin(path)
  again.add('zwei ü\n')
  expect(readFileSync(path, 'utf8')).toBe('one\n')
  again.flush()
  expect(readFileSync(path, 'utf8')).toBe('one\nzwei ü\n')
})

it('begins a line of its own behind half a line that a crash has left', async () => {
  const path = join(await temporaryFolder(), 'log')
  writeFileSync(path, 'one\ntw', { mode: 0o600 })
  const { file } = begin(path)
  file.add('three\n')
  file.flush()
  file.reopen()
  file.add('four\n')
  file.flush()
  expect(readFileSync(path, 'utf8')).toBe('one\ntw\nthree\nfour\n')
})

it('tells that lines go where nobody looks, until the file can be opened again', async () => {
  const path = join(await temporaryFolder(), 'log')
  const { file, problems } = begin(path)
  renameSync(path, `${path}.1`)
  symlinkSync(`${path}.1`, path)
  file.reopen()
  file.add('one\n')
  file.flush()
  expect(problems).toEqual([expect.stringContaining('it is a symbolic link')])
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\n')
  rmSync(path)
  file.add('two\n')
  file.flush()
  expect(problems).toEqual([expect.stringContaining('it is a symbolic link'), undefined])
  expect(readFileSync(path, 'utf8')).toBe('two\n')
})

it('writes a line of which half is in the old place whole into the new one', async () => {
  const path = await pipe()
  const reader = openReader(path)
  const { file } = begin(path)
  const line = `${'x'.repeat(999)}\n`
  for (let i = 0; i < 100; i++) file.add(line)
  file.flush()
  renameSync(path, `${path}.old`)
  file.reopen()
  file.flush()
  const old = readAll(reader)
  expect(old.length % line.length).toBeGreaterThan(0)
  const whole = Math.floor(old.length / line.length)
  expect(readFileSync(path, 'utf8')).toBe(line.repeat(100 - whole))
})

it.runIf(process.platform === 'linux')(
  'writes whole what was half in a file that somebody has emptied, and fills that',
  async () => {
    const path = join(await temporaryFolder(), 'log')
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => `${letter.repeat(39)}\n`)
    // A limit of the process cuts the third line in two, as a disk that is full.
    const text = `
    import { writeFileSync } from 'node:fs'
    import { LogFile } from ${JSON.stringify(import.meta.resolve('../../daemon/access-log/log-file.ts'))}
    const [path, ...lines] = ${JSON.stringify([path, a, b, c])}
    const file = new LogFile(path, { size: 130, count: 1 }, () => {})
    for (const line of lines) file.add(line)
    file.flush()
    writeFileSync(path, '')
    file.add(${JSON.stringify(d)})
    file.flush()`
    const limited = ['--ignore-signal=XFSZ', 'prlimit', '--fsize=100', process.execPath, '--input-type=module']
    execFileSync('env', [...limited, '--eval', text], { stdio: 'pipe' })
    expect(readFileSync(path, 'utf8')).toBe(`${c}${d}`)
    expect(await readdir(dirname(path))).toEqual(['log'])
  },
)

it('goes on in a new file when the old one was moved aside, also when nothing waits', async () => {
  const path = join(await temporaryFolder(), 'log')
  const { file } = begin(path)
  file.add('old\n')
  renameSync(path, `${path}.old`)
  file.reopen()
  expect(readFileSync(`${path}.old`, 'utf8')).toBe('old\n')
  expect(readFileSync(path, 'utf8')).toBe('')
  file.add('new\n')
  file.flush()
  expect(readFileSync(path, 'utf8')).toBe('new\n')
})

it('has no file longer than it may be, keeps the newest, and cuts no line in two', async () => {
  const lines = fc.array(
    fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => text.replaceAll('\n', ' ')),
    { maxLength: 40 },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(lines, { maxLength: 6 }),
      fc.integer({ min: 20, max: 200 }),
      fc.nat(3),
      async (batches, size, count) => {
        const folder = await temporaryFolder()
        const path = join(folder, 'log')
        const { file, problems } = begin(path, { size, count })
        for (const batch of batches) {
          for (const line of batch) file.add(`${line}\n`)
          file.flush()
        }
        file.close()
        expect(problems).toEqual([])
        const names = (await readdir(folder)).sort()
        const expected = ['log', 'log.1', 'log.2', 'log.3'].slice(0, Math.min(names.length, count + 1))
        expect(names).toEqual(expected)
        const texts = names.reverse().map((name) => readFileSync(join(folder, name), 'latin1'))
        for (const text of texts) {
          expect(text === '' || text.endsWith('\n')).toBe(true)
          // Only a line that is longer by itself.
          if (text.length > size) expect(text.indexOf('\n')).toBe(text.length - 1)
        }
        const all = batches
          .flat()
          .map((line) => `${line}\n`)
          .join('')
        expect(all.endsWith(texts.join(''))).toBe(true)
        if (names.length <= count) expect(texts.join('')).toBe(all)
      },
    ),
    { numRuns: 50 },
  )
})

it('keeps lines for a reader who hangs, refuses those that there is no room for, and loses no part of a line', async () => {
  const path = await pipe()
  const reader = openReader(path)
  const { file, problems } = begin(path)
  const line = (number: number) => `${String(number).padStart(99, '.')}\n`
  let taken = 0
  while (file.add(line(taken))) {
    if (taken % 500 === 0) file.flush()
    taken++
  }
  expect(taken).toBeGreaterThan(10_000)
  let text = ''
  while (file.waiting > 0) {
    file.flush()
    text += readAll(reader)
  }
  expect(file.add(line(taken))).toBe(true)
  file.flush()
  text += readAll(reader)
  expect(text).toBe(Array.from({ length: taken + 1 }, (_, number) => line(number)).join(''))
  expect(problems).toEqual([])
})

it('tells once that it cannot write, and once that it can again', async () => {
  const path = await pipe()
  const { file, problems } = begin(path)
  for (let i = 0; i < 3; i++) {
    file.add(`${i}\n`)
    file.flush()
  }
  const why = 'nobody is at its other end: start its reader first, or name another with access-log (- is stdout)'
  expect(problems).toEqual([`cannot write to the access log ${path}: ${why}`])
  const reader = openReader(path)
  file.flush()
  expect(problems.slice(1)).toEqual([undefined])
  expect(readAll(reader)).toBe('0\n1\n2\n')
})

it.runIf(process.platform === 'linux')('goes on when a device takes nothing, as a full disk does', () => {
  const { file, problems } = begin('/dev/full')
  for (let i = 0; i < 3; i++) {
    file.add(`${i}\n`)
    file.flush()
  }
  const why = 'its disk is full: make room there, or name another with access-log (- is stdout)'
  expect(problems).toEqual([`cannot write to the access log /dev/full: ${why}`])
  expect(file.waiting).toBe(6)
  expect(file.close()).toBe(3)
})

it('stays with its file if it cannot be moved aside', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'log')
  const { file, problems } = begin(path, { size: 10, count: 1 })
  writeFileSync(join(folder, 'log.1'), '')
  // A folder is not replaced by a file, whoever asks.
  execFileSync('rm', [join(folder, 'log.1')])
  execFileSync('mkdir', [join(folder, 'log.1')])
  for (const line of ['12345678\n', 'abcdefgh\n', 'ABCDEFGH\n']) file.add(line)
  file.flush()
  expect(problems).toEqual([expect.stringContaining(`cannot write to the access log ${path}: `)])
  file.flush()
  expect(file.waiting).toBe(9)
})

it('writes into no file of somebody else, nor where a link leads', async () => {
  const folder = await temporaryFolder()
  const [own, link, open] = [join(folder, 'own'), join(folder, 'link'), join(folder, 'open')]
  writeFileSync(own, '')
  symlinkSync(own, link)
  writeFileSync(open, '')
  chmodSync(open, 0o666)
  expect(() => openLogFile(link)).toThrow(/: it is a symbolic link: name the file that it leads to, or/)
  expect(() => openLogFile(open)).toThrow(/others can write to .*chmod go-w/)
  expect(() => openLogFile(folder)).toThrow(/: it is a folder: name another with access-log/)
  expect(() => openLogFile(join(folder, 'no', 'log'))).toThrow(/: there is no folder .*\/no: make it first, or/)
})

it.each(['file/log', 'none/log', 'dangling', 'dangling/log', 'link', 'folder', 'pipe', 'x'.repeat(300)])(
  'foresees before a start what a start says of %s, and makes nothing',
  async (name) => {
    const folder = await temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    mkdirSync(join(folder, 'folder'))
    symlinkSync('nowhere', join(folder, 'dangling'))
    symlinkSync('file', join(folder, 'link'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const path = join(folder, name)
    expect(said(() => foreseeStartOfLog(path))).toBe(said(() => openLogFile(path)))
    foreseeStartOfLog(join(folder, 'log'))
    foreseeStartOfLog(join(folder, 'file'))
    expect(await readdir(folder)).not.toContain('log')
  },
)

it('foresees that a file could not be moved aside, whose name leaves no room for a number behind it', async () => {
  const path = (length: number) => join(folder, 'x'.repeat(length))
  const folder = await temporaryFolder()
  const refusal = /^the access log .* cannot be rotated: .*: choose a shorter name with access-log$/
  expect(said(() => foreseeRotation(path(254), { size: 65_536, count: 9 }))).toMatch(refusal)
  expect(said(() => foreseeRotation(path(253), { size: 65_536, count: 10 }))).toMatch(refusal)
  foreseeRotation(path(253), { size: 65_536, count: 9 })
  foreseeRotation(path(255), { size: 65_536, count: 0 })
  foreseeRotation(path(255), { size: 0, count: 9 })
})

it.runIf(process.platform === 'linux')('takes none of the files of the kernel, which would be orders to it', () => {
  for (const path of ['/proc/self/oom_score_adj', '/proc/self/comm', '/proc/x', '/sys/x']) {
    const why = said(() => foreseeLogFile(path))
    expect(why).toMatch(/ is the kernel's: name a file on a disk|: nobody but the kernel makes anything in /)
    expect(said(() => foreseeStartOfLog(path))).toBe(why)
  }
})

/** What is thrown. */
function said(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

it.runIf(process.geteuid?.() === 0)('gives nobody to read where clients go by a pipe in its place', async () => {
  const path = join(await temporaryFolder(), 'log')
  execFileSync('mkfifo', [path])
  chownSync(path, 60_000, 60_000)
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(reader))
  expect(() => openLogFile(path)).toThrow(/belongs to another user/)
})

it('is foreseen for a log, one that is to be and a pipe, but for no file that holds something else', async () => {
  const path = join(await temporaryFolder(), 'log')
  for (const format of ['json', 'text'] as const) {
    for (const line of [{ ts: 0, event: 'dropped', count: 1 } as const, accessEntryOf()]) {
      writeFileSync(path, lineOf[format](line))
      foreseeLogFile(path)
    }
  }
  writeFileSync(path, '')
  foreseeLogFile(path)
  for (const text of ['SQLite format 3\0', '2026-11-29T14:35:16.410Z host sshd: x\n', '{"ts":1}\n', 'x']) {
    writeFileSync(path, text)
    expect(() => foreseeLogFile(path)).toThrow(/something else than an access log: name another/)
    expect(readFileSync(path, 'utf8')).toBe(text)
  }
})
