import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { CallProvider } from '../../src/hooks/useCall';
import { App } from '../../src/views/App';
import { prepareCall, settled } from './startCall';
import type { Call } from './startCall';

/** Opens the page at a path; `prepare` may change devices and server before it does. */
export async function showApp(
  path: string,
  prepare: (call: Call) => void = () => undefined,
): Promise<Call> {
  const call = prepareCall('');
  prepare(call);
  window.history.replaceState(null, '', path);
  render(
    <CallProvider store={call.store}>
      <App />
    </CallProvider>,
  );
  await act(settled);
  return call;
}

/** From the view before a call into it. */
export async function joinCall(): Promise<void> {
  fireEvent.change(screen.getByTestId('name-input'), { target: { value: 'Maya' } });
  fireEvent.click(screen.getByTestId('join-button'));
  await act(settled);
  await waitFor(() => screen.getByTestId('call-view'));
}
