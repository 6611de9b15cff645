import { isAllowed, permissionOf } from '../protocol/messages';
import type { Source } from '../protocol/messages';
import { selfOf } from './callState';
import type { VideoCallState } from './callState';
import type { Runtime } from './runtime';

/** Whether this participant may send that. Before a call nobody has said anything against it. */
export function maySend(state: VideoCallState, source: Source): boolean {
  return isAllowed(selfOf(state)?.permissions, permissionOf[source]);
}

/** Switches off what a host switched off, or everything that is not allowed any more, as the user would. */
export function turnOff(runtime: Runtime, what: Source | 'forbidden'): void {
  const { get, set } = runtime;
  const isOver = (source: Source): boolean =>
    what === source || (what === 'forbidden' && !maySend(get(), source));
  set({
    ...(isOver('microphone') ? { isMicrophoneOn: false } : {}),
    ...(isOver('camera') ? { isCameraOn: false } : {}),
    ...(isOver('screen') ? { isScreenOn: false } : {}),
  });
  void get().syncProducing();
}
