import { findProgram } from './programs.ts'

/** Numbers of system calls (asm/unistd.h), where this is a Linux whose numbers are known. */
const numbers: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  x64: {
    accept4: 288,
    connect: 42,
    splice: 275,
    recvmmsg: 299,
    sendmmsg: 307,
    rename: 82,
    fsync: 74,
    unlinkat: 263,
    getpeername: 52,
    getsockopt: 55,
    shutdown: 48,
  },
  arm64: {
    accept4: 242,
    connect: 203,
    splice: 76,
    recvmmsg: 243,
    sendmmsg: 269,
    rename: 38,
    fsync: 82,
    unlinkat: 35,
    getpeername: 205,
    getsockopt: 209,
    shutdown: 210,
  },
}

/** Has a process and all that it starts get an error for some calls, as sandboxes do (seccomp(2)), and becomes a program. */
const launcher = `
import ctypes, os, struct, sys
error, calls, spared, program = int(sys.argv[1]), sys.argv[2].split(','), sys.argv[3] == 'spare', sys.argv[4:]
load_number, return_allow, return_error = (0x20, 0, 0, 0), (0x06, 0, 0, 0x7fff0000), (0x06, 0, 0, 0x00050000 | error)
code = [load_number]
for call in calls:
    # The low word of the first argument, compared with -1.
    on_none = [(0x20, 0, 0, 16), (0x15, 0, 1, 0xffffffff), return_allow] if spared else []
    code += [(0x15, 0, len(on_none) + 1, int(call)), *on_none, return_error]
code = b''.join(struct.pack('HBBI', *step) for step in code + [return_allow])
memory = ctypes.create_string_buffer(code)
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
prctl = ctypes.CDLL(None, use_errno=True).prctl
filter = Program(len(code) // 8, ctypes.addressof(memory))
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, ctypes.byref(filter)):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(program[0], program)
`

const python = process.platform === 'linux' && process.arch in numbers ? findProgram('python3') : undefined

/** Whether calls can be refused here. */
export const canRefuseCalls = python !== undefined

/** What a program and its arguments are to be put behind, to run without these calls: each fails with `error`, an errno. */
export function refusing(error: number, ...calls: readonly string[]): readonly string[] {
  return launch(error, calls, 'refuse')
}

/** As `refusing`, but not where the descriptor is none, so that it is not found out beforehand. */
export function refusingInUse(error: number, ...calls: readonly string[]): readonly string[] {
  return launch(error, calls, 'spare')
}

function launch(error: number, calls: readonly string[], none: 'refuse' | 'spare'): readonly string[] {
  const wanted = calls.map((call) => numbers[process.arch]?.[call])
  return [python ?? '', '-c', launcher, `${error}`, wanted.join(), none]
}
