import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startUdpEcho } from '../helpers/udp-echo.ts'

/** Debian's own, since its package python3-socks is not for any other. */
const python = (await runs('import socket')) ? '/usr/bin/python3' : undefined
const hasPythonSocks = python !== undefined && (await runs('import socks'))
const socksify = findProgram('socksify')

async function runs(script: string): Promise<boolean> {
  const { status } = await run('/usr/bin/python3', ['-c', script])
  if (status !== 0) console.warn(`SKIPPED: tests that need a Python that can ${script}, which this machine lacks`)
  return status === 0
}

const startForBob = (engine: string) => startDaemon(['--engine', engine, '-u', 'bob:hunter2'])

/** Sends datagrams to the port in argv, with `client` as their socket, and prints what comes back and from whom. */
const conversation = `
client.settimeout(20)
for question in b'question', b'', b'x' * 9000:
    client.sendto(question, ('127.0.0.1', int(sys.argv[1])))
    answer, source = client.recvfrom(10000)
    assert answer == question, answer
    assert source == ('127.0.0.1', int(sys.argv[1])), source
print('well')`

describe.each(mostTelling)('datagrams through the %s engine', (engine) => {
  test.skipIf(!hasPythonSocks)('of Python, with a login', async () => {
    const [daemon, echo] = [await startForBob(engine), await startUdpEcho()]
    const script = `
import socket, socks, sys
client = socks.socksocket(socket.AF_INET, socket.SOCK_DGRAM)
client.set_proxy(socks.SOCKS5, '127.0.0.1', int(sys.argv[2]), username='bob', password='hunter2')${conversation}`
    const outcome = await run(python ?? '', ['-c', script, `${echo.port}`, `${daemon.port('socks')}`])
    expect(outcome).toEqual({ status: 0, stdout: 'well\n', stderr: '' })
  })

  test.skipIf(!socksify || !python)("of a program that knows no SOCKS, under Dante's socksify", async () => {
    const [daemon, echo] = [await startForBob(engine), await startUdpEcho()]
    const config = join(await temporaryFolder(), 'socks.conf')
    const route = 'from: 0.0.0.0/0 to: 0.0.0.0/0 via: 127.0.0.1 port'
    await writeFile(
      config,
      `route { ${route} = ${daemon.port('socks')}\nproxyprotocol: socks_v5\nmethod: username\n}\n`,
    )
    const login = { SOCKS_USERNAME: 'bob', SOCKS_PASSWORD: 'hunter2' }
    // Dante would go straight to what is on a network of this machine's own.
    const env = { ...process.env, ...login, SOCKS_CONF: config, SOCKS_AUTOADD_LANROUTES: 'no' }
    const script = `import socket, sys\nclient = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)${conversation}`
    const converse = () => run(socksify ?? '', [python ?? '', '-c', script, `${echo.port}`], { env })
    expect(await converse()).toMatchObject({ status: 0, stdout: 'well\n' })
    await daemon.stop()
    expect((await converse()).status, 'without the proxy').not.toBe(0)
  })
})
