import { expect } from 'vitest'
import { Command } from '../../daemon/socks/messages.ts'
import { negotiate } from '../socks/negotiate.ts'
import { fuzz } from './campaign.ts'
import { conversations } from './conversations.ts'
import { inputs, pieces } from './input.ts'

const everyCommand = Object.values(Command)
/** The longest greeting, login and request, one behind the other. */
const longest = 257 + 513 + 262

fuzz({
  name: 'negotiation',
  inputs: inputs(conversations),
  runs: 5000,
  async start() {
    return (input) => {
      const { said, passwordRequired } = input
      const whole = negotiate([said], passwordRequired, everyCommand)
      expect(negotiate(pieces(input), passwordRequired, everyCommand)).toEqual(whole)
      const { replies, step } = whole
      expect(replies).toMatch(/^(05(ff|00|02(01(00|01))?)(050[178]0001(00){6})?)?$/)
      // A client that offers only a login is heard out where none is needed.
      const accepted = passwordRequired ? ['05020100'] : ['0500', '05020100']
      if (step.includes(' ')) expect(accepted).toContain(replies)
      if (said.length >= longest) expect(step).not.toBe('more')
    }
  },
})
