/*
 * Counts fsync(2) and fdatasync(2) of every process it is preloaded into (LD_PRELOAD). The count is one 64-bit number
 * in a file that all of them map, named by COUNTERFOIL_BENCH_SYNC_COUNT. One atomic addition per call: nothing beside
 * the call itself, so it stays in place while rates are measured.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t *count;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void start(void)
{
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *path = getenv("COUNTERFOIL_BENCH_SYNC_COUNT");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        count = page;
}

static void add_one(void)
{
    if (count != NULL)
        __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

int fsync(int fd)
{
    add_one();
    return real_fsync(fd);
}

int fdatasync(int fd)
{
    add_one();
    return real_fdatasync(fd);
}
