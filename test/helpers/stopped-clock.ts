import { onTestFinished, vi } from 'vitest'

/** Time stands still in this process until the end of the test: none of it makes good what counts against it, such as failures. */
export function stopClock(): void {
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now)
  onTestFinished(() => clock.mockRestore())
}
