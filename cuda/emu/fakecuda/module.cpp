// Modules are host libraries made from the kernels' sources; functions are what they export.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "device.h"

namespace fake {

constexpr int SHARED_WITHOUT_OPT_IN = 48 * 1024, SHARED_LIMIT = 232448;
constexpr int ELF_X86_64 = 62, ELF_CUDA = 190;

struct ElfHeader { // of a 64-bit file
  unsigned char ident[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, programHeaders, sectionHeaders;
  uint32_t flags;
  uint16_t headerBytes, programHeaderBytes, programHeaderCount, sectionHeaderBytes, sectionHeaderCount, names;
};

// Loads a library from memory; its section headers come last and so tell its length.
static void* load_library(const void* image) {
  ElfHeader header;
  memcpy(&header, image, sizeof header);
  size_t bytes = header.sectionHeaders + size_t(header.sectionHeaderBytes) * header.sectionHeaderCount;
  int file = memfd_create("kernels", MFD_CLOEXEC);
  bool written = write(file, image, bytes) == ssize_t(bytes);
  std::string path = "/proc/self/fd/" + std::to_string(file);
  void* library = written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (!library) fail(INVALID_IMAGE, std::string("cuModuleLoadData: ") + (written ? dlerror() : "no memory"));
  close(file);
  return library;
}

} // namespace fake

using namespace fake;

API cuModuleLoadData(void** module, const void* image) {
  ENTER(cuModuleLoadData, CONTEXT);
  if (device().sticky) return device().sticky;
  ElfHeader header;
  memcpy(header.ident, image, 4);
  if (memcmp(header.ident, "\177ELF", 4)) {
    return fail(NO_BINARY_FOR_GPU, "cuModuleLoadData: not built for the stand-in");
  }
  memcpy(&header, image, sizeof header);
  if (header.machine != ELF_X86_64) {
    return fail(header.machine == ELF_CUDA ? NO_BINARY_FOR_GPU : INVALID_IMAGE, "cuModuleLoadData: a GPU's code");
  }
  void* library = load_library(image);
  if (!library) return INVALID_IMAGE;
  *module = *device().modules.insert(new Module{library}).first;
  return SUCCESS;
}
API cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) {
  return cuModuleLoadData(module, image);
}
API cuModuleGetFunction(void** function, void* module, const char* name) {
  ENTER(cuModuleGetFunction, CONTEXT);
  auto* m = (Module*)module;
  if (!device().modules.count(m)) return INVALID_HANDLE;
  auto kernel = (const emu_kernel* (*)())dlsym(m->library, (std::string("emu_kernel_") + name).c_str());
  if (!kernel) return NOT_FOUND;
  *function = *device().functions.insert(new Function{kernel(), SHARED_WITHOUT_OPT_IN, m}).first;
  return SUCCESS;
}
API cuModuleUnload(void* module) {
  ENTER(cuModuleUnload, CONTEXT);
  auto* m = (Module*)module;
  if (!device().modules.count(m)) return INVALID_HANDLE;
  drain_all();
  for (auto f = device().functions.begin(); f != device().functions.end();) {
    Function* function = *f;
    if (function->module != m) {
      ++f;
      continue;
    }
    on_each_worker(function->kernel->releaseThread);
    delete function;
    f = device().functions.erase(f);
  }
  dlclose(m->library);
  device().modules.erase(m);
  delete m;
  return device().sticky;
}
API cuFuncSetAttribute(void* function, int attribute, int value) {
  ENTER(cuFuncSetAttribute, CONTEXT);
  if (!device().functions.count((Function*)function)) return INVALID_HANDLE;
  if (attribute != 8) return NOT_SUPPORTED; // MAX_DYNAMIC_SHARED_SIZE_BYTES
  if (value < 0 || value > SHARED_LIMIT) return INVALID_VALUE;
  ((Function*)function)->dynamicSharedLimit = value;
  return SUCCESS;
}
API cuLaunchKernel(void* handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned sharedBytes, void* streamHandle, void** parameters, void** extra) {
  ENTER(cuLaunchKernel, CONTEXT);
  auto* function = (Function*)handle;
  Stream* stream = stream_of(streamHandle);
  if (!device().functions.count(function) || !stream) return INVALID_HANDLE;
  const emu_kernel* kernel = function->kernel;
  std::string name = kernel->name;
  bool gridFits = gx && gy && gz && gx <= 0x7fffffff && gy <= 65535 && gz <= 65535;
  bool blockFits = bx && by && bz && bz <= 64 && uint64_t(bx) * by * bz <= 1024;
  if (!gridFits || !blockFits) return fail(INVALID_VALUE, name + ": size of the grid or its blocks");
  if (int(sharedBytes) > function->dynamicSharedLimit) {
    return fail(INVALID_VALUE, name + ": dynamic shared memory over what cuFuncSetAttribute allowed");
  }
  if (extra || (kernel->argumentCount && !parameters)) return fail(INVALID_VALUE, name + ": no kernel parameters");
  // Parameters are copied at launch, as the driver does.
  auto values = std::make_shared<std::vector<char>>();
  std::vector<size_t> offsets;
  for (int i = 0; i < kernel->argumentCount; ++i) {
    offsets.push_back(values->size());
    values->resize(values->size() + (kernel->argumentSizes[i] + 15u) / 16u * 16u);
    memcpy(values->data() + offsets.back(), parameters[i], kernel->argumentSizes[i]);
  }
  return push(stream, [=] {
    std::vector<void*> arguments;
    for (size_t offset : offsets) arguments.push_back(values->data() + offset);
    return run_grid(kernel, {gx, gy, gz}, {bx, by, bz}, sharedBytes, arguments.data());
  });
}
