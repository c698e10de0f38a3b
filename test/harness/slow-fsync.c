/* Preloaded into a gateway: while the file $SLOW_FSYNC exists, each fsync and fdatasync takes half a second longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_if_asked(void) {
  const char *file = getenv("SLOW_FSYNC");
  if (file != NULL && access(file, F_OK) == 0) usleep(500000);
}

int fsync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
  wait_if_asked();
  return real(fd);
}

int fdatasync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
  wait_if_asked();
  return real(fd);
}
