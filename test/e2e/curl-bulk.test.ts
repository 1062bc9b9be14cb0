import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

const curl = findProgram('curl')
const size = 100_000_000

async function digest(stream: NodeJS.ReadableStream): Promise<string> {
  const hash: Hash = createHash('sha256')
  await pipeline(stream, hash)
  return hash.digest('hex')
}

describe.skipIf(!curl).each(mostTelling)('curl through the %s engine', (engine) => {
  test('a body of 100 MB each way, with a login, by each of its flags, from one family to the other', async () => {
    const folder = await temporaryFolder()
    const [sent, got] = [join(folder, 'sent'), join(folder, 'got')]
    await writeFile(sent, Buffer.alloc(size, randomBytes(size / 100)))
    let arrived: string | undefined
    const url = await startWebServer('::1', async (request, response) => {
      if (request.method === 'GET') return void pipeline(createReadStream(sent), response)
      arrived = await digest(request)
      response.end()
    })
    const daemon = await startDaemon(['--engine', engine, '--workers', '2', '-u', 'bob:hunter2'])
    const proxy = `127.0.0.1:${daemon.port('socks')}`
    const transfer = (...args: string[]) => run(curl ?? '', ['-sS', '--proxy-user', 'bob:hunter2', ...args])
    const up = await transfer('--socks5', proxy, '-T', sent, `${url}/`)
    const down = await transfer('--socks5-hostname', proxy, '-o', got, `${url}/`)
    expect([up, down]).toEqual(Array(2).fill({ status: 0, stdout: '', stderr: '' }))
    const original = await digest(createReadStream(sent))
    expect([arrived, await digest(createReadStream(got))]).toEqual([original, original])
  })
})
