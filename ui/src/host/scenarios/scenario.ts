import type {
  AccountView,
  Commands,
  ConnectionView,
  FindingView,
  Item,
  Message,
  MetricsView,
  Notice,
  Preferences,
  ReleaseView,
  SignInOffer,
  SignInView,
  SupportReport,
  TestReport,
  Update,
  View,
} from '../protocol';

/** The operations of a scenario on the fake core. */
export interface Fake {
  /** Changes the state and publishes it. */
  push: (update: Update) => void;
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
  /** False while old items are not searched yet. */
  searchable?: boolean;
  connection: ConnectionView;
  account: AccountView;
  signIn: SignInView;
  preferences: Preferences;
  /** What servers answer about signing in; by default that users have tokens. */
  offer: Omit<SignInOffer, 'address'>;
  /** Null where the app does not start at login by a switch of its own. */
  autostart: boolean | null;
  /** What a test notification shows. */
  notificationTest: TestReport;
  /** What the checks find, and how long they take. */
  findings: FindingView[];
  checkMs: number;
  /** What the report for support contains. */
  supportReport: SupportReport;
  notices: Notice[];
  release: ReleaseView | null;
  metrics: MetricsView;
  requestedItem: string | null;
  requestedView: View | null;
  /** Commands that fail, with their errors. */
  refusals: Partial<Record<keyof Commands, string | Message>>;
  /** Runs once the window has attached. */
  begin: (fake: Fake) => void;
}
