/*
 * Faults on demand. The test and the program share one page of a file (mmap, MAP_SHARED): the test writes numbers into
 * it at any moment, every recorded call looks at it. shim.ts holds the other side of this layout. Called with
 * `recorder_mutex` held.
 */
#ifndef RECORDER_CONTROL_H
#define RECORDER_CONTROL_H

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct fault_rule {
  uint32_t error; /* errno to hand out; 0 = no fault */
  uint32_t skip;  /* calls that still succeed first */
  uint32_t times; /* calls that fail then; 0 = all that follow */
};

struct control_page {
  struct fault_rule write; /* write, pwrite, writev, pwritev and growing ftruncate */
  struct fault_rule sync;  /* fsync, fdatasync */
  uint32_t noop_sync;      /* 1: a sync returns 0 and does nothing */
  uint32_t sync_delay_us;  /* time each sync takes at least, so that something can happen beside it */
  uint32_t kill_at;        /* n > 0: SIGKILL in place of the n-th recorded file call from now */
  uint32_t faults_given;   /* counted by the recorder */
  uint32_t writes_seen;
  uint32_t syncs_seen;
  uint8_t reserved[80 - 48];
  char path_part[128]; /* faults only for paths that contain this text, or end with it when it ends with $; empty: all */
};

static struct control_page no_control;
static volatile struct control_page *control = &no_control;

static void control_open(const char *path) {
  int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *page = mmap(NULL, sizeof(struct control_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) control = page;
}

static int control_concerns(const char *path) {
  char part[sizeof no_control.path_part];
  memcpy(part, (const void *)control->path_part, sizeof part);
  part[sizeof part - 1] = 0;
  size_t length = strlen(part), path_length = strlen(path);
  if (length == 0 || part[length - 1] != '$') return strstr(path, part) != NULL;
  length -= 1;
  return path_length >= length && strncmp(path + path_length - length, part, length) == 0;
}

/* The errno this call has to fail with, or 0. */
static int control_fault(volatile struct fault_rule *rule, const char *path) {
  if (rule->error == 0 || !control_concerns(path)) return 0;
  if (rule->skip > 0) {
    rule->skip--;
    return 0;
  }
  int error = (int)rule->error;
  if (rule->times > 0 && --rule->times == 0) rule->error = 0;
  control->faults_given++;
  return error;
}

/* Ends the process as `kill -9` would, exactly before the chosen file call. */
static void control_maybe_kill(void) {
  if (control->kill_at > 0 && --control->kill_at == 0) {
    kill(getpid(), SIGKILL);
    pause();
  }
}

#endif
