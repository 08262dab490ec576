# Makes the runs, the surrogates and the tables that docs/reproduce.md lists. `make` reads it through the Makefile.

PRESET ?= contest-like
WORK ?= reproduced
TABLES ?= $(WORK)/$(PRESET)/tables

CHAIN = $(WORK)/$(PRESET)
NOTICE = A simulation, not the Earth: 3-D spherical-shell convection, reconstructed from coded harmonics.

COMMA = ,
EMPTY =

# One block for each preset: its time steps and how they are used. The second run, where there is one, helps to learn. The
# third has another seed, and the other run has another Rayleigh number; both are only judged. Surrogates of `ALONE` bytes
# hold the judged steps, each coded alone; `default` holds all steps, of `BYTES` on average, with a key frame every
# `KEY_EVERY` steps. Tracers are carried in the steps `CARRIED`, studies learn from `STUDY_STEPS` (all, if there are none), and the bytes of a series are those of `IN_A_ROW`. `KEEP` keeps the coefficients of runs instead of files, which would take 53 GB.
ifeq ($(PRESET),quick)
STEPS = 16
LEARN = 1-10
SHOWN = 11-16
HELD_OUT = 13-16
JUDGED = 13,16
IN_A_ROW = 13-16
SECOND_STEPS = 8
THIRD_STEPS = 4
THIRD_JUDGED = 2,4
BYTES = 3000
ALONE = 3000 1500 6000
UPDATES = 300
GAN_STEPS = 1-16
GAN_SETTINGS = --set content.steps=60 --set adversarial.steps=20
STUDY_UPDATES = 20
else ifeq ($(PRESET),earth)
STEPS = 128
LEARN = 1-8,13,17,21,25,29,33,37,41-48,53,57,61,65,69,73,77,81-88,93,97
SHOWN = 1-128
HELD_OUT = 113-128
JUDGED = 113,118,123,128
THIRD_STEPS = 22
THIRD_JUDGED = 6,22
CARRIED = 84-128
FLOW = 1,33,65,97
FLOW_HELD_OUT = 113,128
KEEP = --keep coefficients
OTHER = contest-like
OTHER_STEPS = 16
OTHER_JUDGED = 8,16
BYTES = 10500
ALONE = 12000 2000 4000 24000 48000
SHAPE = --degree 127
KEY_EVERY = 6
GRID = --grid source
CODECS = --codecs sperr
VARIABLES = --variables $(subst $(EMPTY) ,$(COMMA),temperature vx vy vz temperature_anomaly thermal_conductivity \
  thermal_expansivity spin_density_anomaly)
UPDATES = 4000
GAN_STEPS = 1,4,7,10,13,16,19,22,25,28,31,34,37,40,43,46,49,52,55,58,61,64,67,70,73,76,79,82,85,88,91,94,97,100,103,106,109,113-128
STUDY_STEPS = 1,9,17,25,33,41,49,57,65,73,81,89,97,$(FLOW_HELD_OUT)
STUDY_UPDATES =
else
STEPS = 128
LEARN = 1-8,13,17,21,25,29,33,37,41-48,53,57,61,65,69,73,77,81-88,93,97,101,105,109
SHOWN = 65-128
CARRIED = 108-128
HELD_OUT = 113-128
JUDGED = 113,118,123,128
SECOND_STEPS = 16
THIRD_STEPS = 22
THIRD_JUDGED = 6,22
BYTES = 1500
ALONE = 12000 1500 3000 6000 24000 48000
UPDATES = 15000
GAN_STEPS = 1,9,17,25,33,41,49,57,65,73,81,89,97,113-128
STUDY_UPDATES =
endif
CARRIED ?= $(SHOWN)
IN_A_ROW ?= 113-120
FLOW ?= $(LEARN)
KEY_EVERY ?= 8
FLOW_HELD_OUT ?= $(HELD_OUT)

# Runs a command and writes its CPU time, user and system, to costs.txt.
MEASURED = @mkdir -p $(CHAIN) $(TABLES) && bash -c 'TIMEFORMAT="$${*\#\#*/bin/}: %U + %S CPU s"; { time "$$@" >&3 2>&4; } 3>&1 4>&2 2>> $(CHAIN)/costs.txt' -
EARTHGAN = $(BIN)/earthgan
SURROGATES = $(CHAIN)/surrogates
DEFAULT = $(SURROGATES)/default
SECOND = $(SECOND_STEPS:%=$(CHAIN)/seed-8)
ANOTHER = $(OTHER:%=$(CHAIN)/%)
RATES = $(subst $(EMPTY) ,$(COMMA),$(sort $(ALONE)))

.PHONY: reproduce reproduce-gan reproduce-runs reproduce-surrogates reproduce-fidelity reproduce-questions reproduce-studies reproduce-digests

reproduce: reproduce-fidelity reproduce-questions reproduce-studies reproduce-digests

reproduce-runs: $(foreach run,$(CHAIN)/seed-1 $(CHAIN)/seed-7 $(SECOND) $(ANOTHER),$(run)/.whole)

SPECS = $(DEFAULT)/spec.json $(foreach bytes,$(ALONE),$(SURROGATES)/c$(bytes)/spec.json)
reproduce-surrogates: $(SPECS)

reproduce-fidelity: $(TABLES)/fidelity.md

QUESTIONS = $(addprefix $(TABLES)/,bounds.md tracers.md series.md)
reproduce-questions: $(QUESTIONS)

reproduce-studies: $(TABLES)/studies.md

# The digests of all files of the runs, and of each surrogate's spec.json, which holds the digests of its other files.
reproduce-digests: reproduce-surrogates
	cd $(CHAIN) && sha256sum $$(ls */spherical*.nc */coefficients*.npz 2>/dev/null) surrogates/*/spec.json > digests.txt && cat digests.txt

$(CHAIN)/seed-1/.whole: STEPS_OF = $(STEPS)
$(CHAIN)/seed-8/.whole: STEPS_OF = $(SECOND_STEPS)
$(CHAIN)/seed-7/.whole: STEPS_OF = $(THIRD_STEPS)

$(CHAIN)/seed-%/.whole: | $(VENV)/.testing
	$(MEASURED) $(EARTHGAN) simulate --preset $(PRESET) --seed $* --steps $(STEPS_OF) $(KEEP) --out $(@D)
	@touch $@

$(ANOTHER:%=%/.whole): | $(VENV)/.testing
	$(MEASURED) $(EARTHGAN) simulate --preset $(OTHER) --seed 9 --steps $(OTHER_STEPS) $(KEEP) --out $(@D)
	@touch $@

$(CHAIN)/velocity.json: $(CHAIN)/seed-1/.whole
	$(MEASURED) $(EARTHGAN) fit-velocity $(<D) --steps $(FLOW) --held-out $(FLOW_HELD_OUT) --out $@

SPECTRAL = $(EARTHGAN) spectral $(CHAIN)/seed-1 --train $(LEARN) $(SECOND:%=--also %) --velocity $(CHAIN)/velocity.json \
  $(VARIABLES) $(SHAPE) --updates $(UPDATES) --overwrite --title "Simulated mantle convection" --licence Apache-2.0 --notice "$(NOTICE)"

$(SURROGATES)/c%/spec.json: $(CHAIN)/velocity.json $(SECOND:%=%/.whole)
	$(MEASURED) $(SPECTRAL) --steps $(JUDGED) --bytes $* --out $(@D)

$(DEFAULT)/spec.json: $(CHAIN)/velocity.json $(SECOND:%=%/.whole)
	$(MEASURED) $(SPECTRAL) --steps $(SHOWN) --key-every $(KEY_EVERY) --bytes $(BYTES) --out $(@D)

$(TABLES)/fidelity.md: $(SPECS) $(CHAIN)/seed-7/.whole $(ANOTHER:%=%/.whole)
	$(MEASURED) $(EARTHGAN) evaluate --surrogate $(SURROGATES)/c$(firstword $(ALONE)) --truth $(CHAIN)/seed-1 --steps $(JUDGED) \
	  --truth $(CHAIN)/seed-7 --steps $(THIRD_JUDGED) $(ANOTHER:%=--truth % --steps $(OTHER_JUDGED)) $(GRID) $(CODECS) --rates $(RATES) \
	  --beside $(foreach bytes,$(wordlist 2,9,$(ALONE)),$(SURROGATES)/c$(bytes)) \
	  --figures $(TABLES)/images --markdown $@ --json $(@:.md=.json)

$(TABLES)/bounds.md: ASKED = --steps $(firstword $(subst $(COMMA), ,$(subst -, ,$(HELD_OUT)))) --bounds 1 --network 3000
$(TABLES)/tracers.md: ASKED = --steps $(CARRIED) --variables vx,vy,vz --tracers 1000
$(TABLES)/series.md: ASKED = --steps $(IN_A_ROW) --variables temperature --series

$(QUESTIONS): $(DEFAULT)/spec.json
	$(MEASURED) $(EARTHGAN) evaluate --surrogate $(DEFAULT) --truth $(CHAIN)/seed-1 $(GRID) --codecs none $(ASKED) \
	  --markdown $@ --json $(@:.md=.json)

$(TABLES)/studies.md: $(CHAIN)/dataset/dataset.json
	$(MEASURED) $(EARTHGAN) study all --data $(<D) --out $(CHAIN)/studies $(STUDY_UPDATES:%=--updates %) --markdown $@

$(CHAIN)/dataset/dataset.json: $(CHAIN)/seed-1/.whole
	$(MEASURED) $(EARTHGAN) prepare $(<D) $(STUDY_STEPS:%=--steps % --held-out $(FLOW_HELD_OUT)) --out $(@D) --overwrite

# The GAN: trained on some steps of the first run, judged on its held-out steps and on the third run. `make reproduce`
# leaves it out, because it takes an hour. docs/gan.md says what came of it.
GAN = $(CHAIN)/gan
GAN_NOTICE = A simulation, not the Earth: 3-D spherical-shell convection. A generator invents the detail that its coarse input does not hold.

reproduce-gan: $(TABLES)/gan.md

$(GAN)/dataset/dataset.json: $(CHAIN)/seed-1/.whole
	$(MEASURED) $(EARTHGAN) prepare $(<D) --steps $(GAN_STEPS) --held-out $(HELD_OUT) --variables temperature,vx,vy,vz \
	  --title "A GAN of simulated mantle convection" --licence Apache-2.0 --notice "$(GAN_NOTICE)" --out $(@D) --overwrite

$(GAN)/run/surrogate/spec.json: $(GAN)/dataset/dataset.json
	$(MEASURED) $(EARTHGAN) train --preset gan $(GAN_SETTINGS) --data $(<D) --out $(GAN)/run

$(TABLES)/gan.md: $(GAN)/run/surrogate/spec.json $(CHAIN)/seed-7/.whole
	$(MEASURED) $(EARTHGAN) evaluate --surrogate $(<D) --truth $(CHAIN)/seed-1 --steps $(JUDGED) \
	  --truth $(CHAIN)/seed-7 --steps $(THIRD_JUDGED) --members 4 --codecs sperr --figures $(TABLES)/gan-images --markdown $@ --json $(@:.md=.json)
