import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readFileSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { foreseeMaking, isOfKernel, whyNot } from '../../shared/file-trouble.ts'
import { UnfitFile } from '../../shared/whole-file.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

let folder: string

/** What one of the functions of Node says of a path in the folder, in words. */
function words(name: string, work: (path: string) => unknown): string {
  const path = join(folder, name)
  try {
    work(path)
  } catch (error) {
    return whyNot(error, path, 'name another').replaceAll(folder, 'FOLDER')
  }
  throw new Error(`nothing is wrong with ${path}`)
}

beforeEach(async () => {
  folder = await temporaryFolder()
  writeFileSync(join(folder, 'file'), '')
  mkdirSync(join(folder, 'folder'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  for (const [name, leadsTo] of Object.entries({ dangling: 'nowhere', round: 'about', about: 'round' }))
    symlinkSync(leadsTo, join(folder, name))
})

const long = 'x'.repeat(300)

it.each([
  ['none', 'there is no such file: make it first, or name another'],
  ['no/such/file', 'there is no folder FOLDER/no: make it first, or name another'],
  ['file/below', 'FOLDER/file is not a folder: name another'],
  ['folder', 'it is a folder: name another'],
  ['dangling', 'FOLDER/dangling is a symbolic link that leads nowhere: mend that, or name another'],
  ['dangling/x', 'FOLDER/dangling is a symbolic link that leads nowhere: mend that, or name another'],
  ['round', 'FOLDER/round is a symbolic link that leads in a circle: mend that, or name another'],
  ['about/x', 'FOLDER/about is a symbolic link that leads in a circle: mend that, or name another'],
  [long, 'its name, or the whole path, is longer than the system takes: name another'],
])('says in words why %s is not read', (name, said) => {
  expect(words(name, (path) => readFileSync(path))).toBe(said)
})

it.each([
  ['file', 'it is there already: move it aside, or name another', (path: string) => mkdirSync(path)],
  ['dangling', /dangling is a symbolic link that leads nowhere/, (path: string) => mkdirSync(path)],
  ['pipe', /^nobody is at its other end: start its reader first, or/, (path: string) => openSync(path, nonBlocking)],
])('says in words why %s is not made or written', (name, said, work) => {
  expect(words(name, work)).toMatch(said)
})

const nonBlocking = 0o4001

it.runIf(process.platform === 'linux')('tells of a full disk, and of what is the kernel’s', () => {
  expect(words('file', () => writeSync(openSync('/dev/full', 'w'), 'x'))).toBe(
    'its disk is full: make room there, or name another',
  )
  for (const path of ['/proc/x', '/proc/x/y', '/sys/x'])
    expect(
      whyNot(
        thrown(() => mkdtempSync(path)),
        path,
        'name another',
      ),
    ).toMatch(/^nobody but the kernel makes anything in \/(proc|sys): name another$/)
  expect([isOfKernel('/proc'), isOfKernel('/sys/kernel'), isOfKernel(folder), isOfKernel('/none')]).toEqual([
    ...[true, true, false, false],
  ])
})

it('puts what nobody foresees in the words of the system, and a file that is not taken in its own', () => {
  const busy = Object.assign(new Error('x'), { code: 'EBUSY', errno: -constants.errno.EBUSY })
  expect(whyNot(busy, '/', 'name another')).toBe('resource busy or locked: name another')
  expect(whyNot(new UnfitFile('is no plain file'), '/', 'name another')).toBe('it is no plain file: name another')
})

function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('what is to be made', () => {
  it.each(['file/below', 'no/such', 'dangling/x', 'about/x', long])('is foreseen not to be, as %s', (name) => {
    const foreseen = words(name, foreseeMaking)
    expect(words(name, (path) => mkdirSync(path))).toBe(foreseen)
  })

  it.runIf(process.platform === 'linux')('is none of the kernel’s', () => {
    expect(() => foreseeMaking('/proc/x')).toThrow('EPERM')
    expect(() => foreseeMaking('/proc/self/x')).toThrow()
  })

  it('is let be where nothing is in the way, and where it is there', () => {
    for (const name of ['none', 'file', 'dangling']) foreseeMaking(join(folder, name))
  })

  it.runIf(process.geteuid?.() === 0)('tells whose right is missing', () => {
    const script = `
      const { foreseeMaking, whyNot } = await import(${JSON.stringify(join(import.meta.dirname, '../../shared/file-trouble.ts'))})
      process.setuid(65534)
      for (const path of ['/root/x/y', '/x']) try { foreseeMaking(path) } catch (e) { console.log(whyNot(e, path, 'name another')) }`
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).toBe(
      'this user may not enter /root: grant that, or name another\n' +
        'there is no /x, and this user may not write to /: grant that, or name another\n',
    )
  })
})
