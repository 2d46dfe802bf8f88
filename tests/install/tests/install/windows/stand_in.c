/* Stands in for gloria-notify.exe and gloria.exe.

   gloria-notify.exe                makes C:\running.txt and runs until `gloria.exe quit`, a minute at most
   gloria-notify.exe --background   the same
   gloria-notify.exe --stubborn     the same, but does not end
   gloria-notify.exe URL            writes the address to C:\opened.txt
   gloria.exe quit                  as the real one: 0 once the app has ended, 3 if none runs
   --version                        prints it */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define QUIT "gloria-stand-in-quit"
#define RUNS "gloria-stand-in-runs"

static BOOL write(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  return file && fputs(text, file) >= 0 && !fclose(file);
}

static int quit(void) {
  HANDLE runs = OpenMutexA(SYNCHRONIZE, FALSE, RUNS);
  HANDLE asked = OpenEventA(EVENT_MODIFY_STATE, FALSE, QUIT);
  if (!runs || !asked) return 3;
  SetEvent(asked);
  /* A mutex is free when its owner has ended. */
  return WaitForSingleObject(runs, 2000) == WAIT_TIMEOUT ? 5 : 0;
}

static int run(BOOL stubborn) {
  HANDLE runs = CreateMutexA(NULL, TRUE, RUNS);
  HANDLE asked = CreateEventA(NULL, TRUE, FALSE, QUIT);
  if (!runs || !asked || !write("C:\\running.txt", "")) return 1;
  if (stubborn) Sleep(60000);
  return WaitForSingleObject(asked, 60000) == WAIT_OBJECT_0 ? 0 : 1;
}

int main(int count, char **arguments) {
  const char *first = count > 1 ? arguments[1] : "";
  if (!strcmp(first, "--version")) return puts("stand-in " VERSION) < 0;
  if (!strcmp(first, "quit")) return quit();
  if (strchr(first, ':')) return !write("C:\\opened.txt", first);
  return run(!strcmp(first, "--stubborn"));
}
