import type {
  AccountView,
  Commands,
  ConnectionView,
  Item,
  Message,
  MetricsView,
  Notice,
  Preferences,
  SignInView,
  View,
} from '../protocol';

/** The operations of a scenario on the fake core. */
export interface Fake {
  /** Changes the view of the connection and publishes it. */
  connection: (change: Partial<ConnectionView>) => void;
  /** Stores items as the stream would. */
  receive: (...items: Item[]) => void;
  /** Waits as after a failure, and connects. */
  waitAndDial: (reason: Message, attempt: number) => void;
}

/** The start of a scenario, and its course. */
export interface Scenario {
  items: Item[];
  connection: ConnectionView;
  account: AccountView;
  signIn: SignInView;
  preferences: Preferences;
  notices: Notice[];
  metrics: MetricsView;
  requestedItem: string | null;
  requestedView: View | null;
  /** Commands that fail, with their errors. */
  refusals: Partial<Record<keyof Commands, string | Message>>;
  /** Runs once the window has attached. */
  begin: (fake: Fake) => void;
}
