/*
 * What a descriptor stands for: a file or directory below the recorded root, an internet socket, or something that
 * does not concern us. Asked for anew by (device, inode) on every call, so descriptors that were closed, duplicated or
 * handed out behind our back are never mistaken for what they used to be. Called with `recorder_mutex` held.
 */
#ifndef RECORDER_TABLE_H
#define RECORDER_TABLE_H

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "recorder_log.h"

enum subject_kind { SUBJECT_NONE = 0, SUBJECT_OTHER, SUBJECT_FILE, SUBJECT_DIRECTORY, SUBJECT_SOCKET };

struct subject {
  enum subject_kind kind;
  dev_t device;
  ino_t inode;
  uint32_t connection; /* sockets: number of this connection, never used twice */
  uint16_t local_port;
  uint16_t peer_port;
  char path[512]; /* files and directories: absolute */
};

enum { SUBJECT_LIMIT = 8192 };
static struct subject subjects[SUBJECT_LIMIT];
static uint32_t last_connection;
static char recorded_root[PATH_MAX];
static size_t recorded_root_length;

/* Needs no mutex and may be asked from a signal handler. */
static int may_concern_us(int fd) {
  struct stat status;
  int saved_errno = errno;
  int known = fstat(fd, &status) == 0;
  errno = saved_errno;
  return known && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISSOCK(status.st_mode));
}

static int below_root(const char *path) {
  return strncmp(path, recorded_root, recorded_root_length) == 0 &&
         (path[recorded_root_length] == '/' || path[recorded_root_length] == 0);
}

/* Absolute form of a path whose last part need not exist; 0 when it is not below the root. */
static int root_path(int directory_fd, const char *path, char *out) {
  char base[PATH_MAX] = "";
  if (path[0] != '/') {
    if (directory_fd == AT_FDCWD) {
      if (getcwd(base, sizeof base) == NULL) return 0;
    } else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", directory_fd);
      ssize_t length = readlink(link, base, sizeof base - 1);
      if (length < 0) return 0;
      base[length] = 0;
    }
  }
  char joined[2 * PATH_MAX];
  snprintf(joined, sizeof joined, "%s%s%s", base, base[0] == 0 ? "" : "/", path);
  char *slash = strrchr(joined, '/');
  if (slash == NULL) return 0;
  char last[PATH_MAX];
  snprintf(last, sizeof last, "%.*s", PATH_MAX - 1, slash + 1);
  *slash = 0;
  char parent[PATH_MAX];
  if (realpath(slash == joined ? "/" : joined, parent) == NULL) return 0;
  snprintf(out, PATH_MAX, "%.*s/%.*s", 2000, parent, 2000, last);
  return below_root(out);
}

static void classify_socket(struct subject *subject, int fd) {
  struct sockaddr_storage local, peer;
  socklen_t local_length = sizeof local, peer_length = sizeof peer;
  subject->kind = SUBJECT_OTHER;
  if (getsockname(fd, (struct sockaddr *)&local, &local_length) != 0) return;
  if (local.ss_family != AF_INET && local.ss_family != AF_INET6) return;
  if (getpeername(fd, (struct sockaddr *)&peer, &peer_length) != 0) {
    subject->kind = SUBJECT_NONE; /* not connected yet: ask again */
    return;
  }
  /* sin_port and sin6_port lie at the same offset. */
  subject->local_port = ntohs(((struct sockaddr_in *)&local)->sin_port);
  subject->peer_port = ntohs(((struct sockaddr_in *)&peer)->sin_port);
  /* The process id keeps connections apart when several lives of a program share one log. */
  subject->connection = (uint32_t)(getpid() & 0xffff) << 16 | ++last_connection;
  subject->kind = SUBJECT_SOCKET;
}

static void classify_path(struct subject *subject, int fd, enum subject_kind kind) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, subject->path, sizeof subject->path - 1);
  if (length < 0) length = 0;
  subject->path[length] = 0;
  subject->kind = below_root(subject->path) ? kind : SUBJECT_OTHER;
}

/* The subject of a descriptor; NULL when it is none of ours. A file met for the first time is logged as opened. */
static struct subject *subject_opened(int fd, uint8_t open_flags) {
  struct stat status;
  int saved_errno = errno;
  if (fd < 0 || fstat(fd, &status) != 0) {
    errno = saved_errno;
    return NULL;
  }
  if (fd >= SUBJECT_LIMIT) recorder_die("descriptor number beyond the recorder's table");
  struct subject *subject = &subjects[fd];
  if (subject->kind == SUBJECT_NONE || subject->device != status.st_dev || subject->inode != status.st_ino) {
    subject->device = status.st_dev;
    subject->inode = status.st_ino;
    subject->kind = SUBJECT_OTHER;
    if (S_ISSOCK(status.st_mode)) classify_socket(subject, fd);
    if (S_ISREG(status.st_mode)) classify_path(subject, fd, SUBJECT_FILE);
    if (S_ISDIR(status.st_mode)) classify_path(subject, fd, SUBJECT_DIRECTORY);
    if (subject->kind == SUBJECT_FILE || subject->kind == SUBJECT_DIRECTORY)
      log_event((struct event_header){.kind = EVENT_OPEN,
                                      .flags = open_flags | (subject->kind == SUBJECT_DIRECTORY ? OPEN_DIRECTORY : 0),
                                      .inode = status.st_ino},
                subject->path, NULL, NULL, 0, 0);
  }
  errno = saved_errno;
  return subject->kind == SUBJECT_NONE || subject->kind == SUBJECT_OTHER ? NULL : subject;
}

static struct subject *subject_of(int fd) { return subject_opened(fd, 0); }

/* A descriptor that was just handed out: whatever the number stood for before is forgotten. */
static void subject_forget(int fd) {
  if (fd >= 0 && fd < SUBJECT_LIMIT) subjects[fd].kind = SUBJECT_NONE;
}

#endif
