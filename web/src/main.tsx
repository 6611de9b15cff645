import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { CallProvider } from './hooks/useCall';
import { createVideoCallStore } from './store/videoCallStore';
import type { VideoCallStore } from './store/videoCallStore';
import { App } from './views/App';
import './styles/index.css';

declare global {
  interface Window {
    /** For browser tests and for looking at a call from the console: see README.md. */
    __videocall?: {
      store: VideoCallStore;
      getStats: () => Promise<{ send: unknown[]; recv: unknown[] }>;
    };
  }
}

const store = createVideoCallStore();
window.__videocall = { store, getStats: () => store.getState().getStats() };

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <CallProvider store={store}>
      <App />
    </CallProvider>
  </StrictMode>,
);
