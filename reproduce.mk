# Makes the runs, the surrogates and the tables that docs/reproduce.md lists. `make` reads it through the Makefile.

PRESET ?= contest-like
WORK ?= reproduced
TABLES ?= $(WORK)/$(PRESET)/tables

CHAIN = $(WORK)/$(PRESET)
NOTICE = A simulation, not the Earth: 3-D spherical-shell convection, reconstructed from coded harmonics.

# One line for each preset: its time steps and how they are used. The second run helps to learn, the third is only judged.
ifeq ($(PRESET),quick)
STEPS = 16
LEARN = 1-10
SHOWN = 11-16
HELD_OUT = 13-16
JUDGED = 13,16
SECOND_STEPS = 8
THIRD_STEPS = 4
THIRD_JUDGED = 2,4
BYTES = 3000
BESIDE = 1500 6000
RATES = 1500,3000,6000
UPDATES = 300
GAN_STEPS = 1-16
STUDY_UPDATES = 20
else
STEPS = 128
LEARN = 1,5,9,13,17,21,25,29,33,37,41,45,49,53,57,61,65,69,73,77,81,85,89,93,97,101,105,109
SHOWN = 65-128
HELD_OUT = 113-128
JUDGED = 113,118,123,128
SECOND_STEPS = 16
THIRD_STEPS = 22
THIRD_JUDGED = 6,22
BYTES = 12000
BESIDE = 1500 3000 6000 24000 48000
RATES = 2000,3000,6000,12000,24000,48000
UPDATES = 15000
GAN_STEPS = 1,9,17,25,33,41,49,57,65,73,81,89,97,113-128
STUDY_UPDATES =
endif

# Runs a command and writes its CPU time, user and system, to costs.txt.
MEASURED = @mkdir -p $(CHAIN) $(TABLES) && bash -c 'TIMEFORMAT="$${*##*/bin/}: %U + %S CPU s"; { time "$$@" >&3 2>&4; } 3>&1 4>&2 2>> $(CHAIN)/costs.txt' -
EARTHGAN = $(BIN)/earthgan
SURROGATES = $(CHAIN)/surrogates
DEFAULT = $(SURROGATES)/c$(BYTES)

.PHONY: reproduce reproduce-gan reproduce-runs reproduce-surrogates reproduce-fidelity reproduce-questions reproduce-studies reproduce-digests

reproduce: reproduce-fidelity reproduce-questions reproduce-studies reproduce-digests

reproduce-runs: $(CHAIN)/seed-1/.whole $(CHAIN)/seed-8/.whole $(CHAIN)/seed-7/.whole

reproduce-surrogates: $(foreach bytes,$(BYTES) $(BESIDE),$(SURROGATES)/c$(bytes)/spec.json)

reproduce-fidelity: $(TABLES)/fidelity.md

reproduce-questions: $(TABLES)/questions.md

reproduce-studies: $(TABLES)/studies.md

# The digests of all files of the runs, and of each surrogate's spec.json, which holds the digests of its other files.
reproduce-digests: reproduce-surrogates
	cd $(CHAIN) && sha256sum seed-*/spherical*.nc surrogates/*/spec.json > digests.txt && cat digests.txt

$(CHAIN)/seed-1/.whole: STEPS_OF = $(STEPS)
$(CHAIN)/seed-8/.whole: STEPS_OF = $(SECOND_STEPS)
$(CHAIN)/seed-7/.whole: STEPS_OF = $(THIRD_STEPS)

$(CHAIN)/seed-%/.whole: | $(VENV)/.testing
	$(MEASURED) $(EARTHGAN) simulate --preset $(PRESET) --seed $* --steps $(STEPS_OF) --out $(@D)
	@touch $@

$(CHAIN)/velocity.json: $(CHAIN)/seed-1/.whole
	$(MEASURED) $(EARTHGAN) fit-velocity $(<D) --steps $(LEARN) --held-out $(HELD_OUT) --out $@

$(SURROGATES)/c%/spec.json: $(CHAIN)/velocity.json $(CHAIN)/seed-8/.whole
	$(MEASURED) $(EARTHGAN) spectral $(CHAIN)/seed-1 --train $(LEARN) --steps $(SHOWN) --also $(CHAIN)/seed-8 \
	  --velocity $< --bytes $* --updates $(UPDATES) --out $(@D) --overwrite --title "Simulated mantle convection" \
	  --notice "$(NOTICE)"

$(TABLES)/fidelity.md: reproduce-surrogates $(CHAIN)/seed-7/.whole
	$(MEASURED) $(EARTHGAN) evaluate --surrogate $(DEFAULT) --truth $(CHAIN)/seed-1 --steps $(JUDGED) \
	  --truth $(CHAIN)/seed-7 --steps $(THIRD_JUDGED) --rates $(RATES) --beside $(BESIDE:%=$(SURROGATES)/c%) \
	  --figures $(TABLES)/images --markdown $@ --json $(@:.md=.json)

$(TABLES)/questions.md: $(DEFAULT)/spec.json
	$(MEASURED) $(EARTHGAN) evaluate --surrogate $(DEFAULT) --truth $(CHAIN)/seed-1 --steps $(HELD_OUT) --codecs none \
	  --bounds 1 --tracers 1000 --series --network 3000 --markdown $@ --json $(@:.md=.json)

$(TABLES)/studies.md: $(CHAIN)/dataset/dataset.json
	$(MEASURED) $(EARTHGAN) study all --data $(<D) --out $(CHAIN)/studies $(STUDY_UPDATES:%=--updates %) --markdown $@

$(CHAIN)/dataset/dataset.json: $(CHAIN)/seed-1/.whole
	$(MEASURED) $(EARTHGAN) prepare $(<D) --out $(@D) --overwrite

# The GAN: trained on some steps of the first run, judged on its held-out steps and on the third run. `make reproduce`
# leaves it out, because it takes half an hour. docs/gan.md says what came of it.
GAN = $(CHAIN)/gan

reproduce-gan: $(TABLES)/gan.md

$(GAN)/dataset/dataset.json: $(CHAIN)/seed-1/.whole
	$(MEASURED) $(EARTHGAN) prepare $(<D) --steps $(GAN_STEPS) --held-out $(HELD_OUT) --variables temperature,vx,vy,vz \
	  --out $(@D) --overwrite

$(GAN)/run/surrogate/spec.json: $(GAN)/dataset/dataset.json
	$(MEASURED) $(EARTHGAN) train --preset gan --data $(<D) --out $(GAN)/run

$(TABLES)/gan.md: $(GAN)/run/surrogate/spec.json $(CHAIN)/seed-7/.whole
	$(MEASURED) $(EARTHGAN) evaluate --surrogate $(<D) --truth $(CHAIN)/seed-1 --steps $(JUDGED) \
	  --truth $(CHAIN)/seed-7 --steps $(THIRD_JUDGED) --figures $(TABLES)/gan-images --markdown $@ --json $(@:.md=.json)
