"""Words of the 48 leaf topics: nouns | doings (-ing) | phrases; several words stand in more than one topic."""

WORDS: dict[str, dict[str, str]] = {
    "nature": {
        "feeder birds": (
            "goldfinch, nuthatch, suet cake, tube feeder, chickadee, sunflower seeds, hummingbird, nectar, perch, "
            "squirrel baffle, cardinal, crane, bird bath, junco | refilling the feeder, scaring off the squirrels, "
            "counting finches, hanging suet | two nuthatches upside down on the suet, the hummingbirds are back at "
            "the feeder, a hawk cleared the whole yard"
        ),
        "mushrooms": (
            "chanterelle, spore print, gills, boletus, mycelium, puffball, forest floor, basket, cap, stem, oyster "
            "mushroom, truffle, field guide, ring | foraging after rain, taking spore prints, brushing off the dirt, "
            "checking the gills | never eat what you cannot name, a whole ring of them under the birches, "
            "chanterelles along the old logging track"
        ),
        "reptiles": (
            "python, terrarium, gecko, heat lamp, shedding skin, basking spot, bearded dragon, scale, substrate, "
            "crickets, tortoise, humidity, hatchling, corn snake | misting the tank, feeding the gecko, handling a "
            "python, checking the heat lamp | a full shed in one piece, the gecko refuses every bug but crickets, "
            "humidity dropped overnight in the terrarium"
        ),
        "tide pools": (
            "anemone, hermit crab, low tide, starfish, barnacles, kelp, mussel bed, urchin, sea slug, shell, limpet, "
            "rock pool, sandpiper, current | turning over stones, wading at low tide, sketching anemones, spotting "
            "sea slugs | the lowest tide of the year, a hermit crab changing its shell, purple urchins in every "
            "crevice"
        ),
    },
    "food": {
        "sourdough": (
            "starter, crumb, levain, banneton, scoring, oven spring, hydration, rye flour, bulk ferment, crust, loaf, "
            "scale, dutch oven, dough | kneading the dough, feeding the starter, shaping the boule, proofing "
            "overnight | my starter doubled in four hours, an open crumb at last, eighty percent hydration was too "
            "wet"
        ),
        "preserves": (
            "jam, pectin, jar, chutney, pickle, brine, marmalade, cucumber, apricot, canner, lid, sugar syrup, dill, "
            "cellar shelf | boiling the jars, pitting apricots, stirring the jam, sealing the lids | every lid popped "
            "shut, quince paste takes all afternoon, too little pectin and it runs"
        ),
        "coffee": (
            "espresso, grinder, portafilter, crema, pour over, bloom, arabica, roast, burr, milk foam, puck, scale, "
            "washed Ethiopian, kettle | dialing in the grinder, pulling a shot, steaming milk, cupping a new roast | "
            "nineteen grams in thirty eight out, the puck was channeling again, a washed Ethiopian that tastes of "
            "jasmine"
        ),
        "barbecue": (
            "brisket, smoker, bark, hickory, rub, pulled pork, charcoal, drippings, ribs, probe, firebox, slaw, smoke "
            "ring, coals | trimming the brisket, tending the firebox, wrapping ribs, spritzing the pork | stalled at "
            "one hundred sixty for hours, the bark set beautifully, post oak beats hickory for brisket"
        ),
    },
    "games": {
        "chess": (
            "sicilian, gambit, endgame, rook, bishop pair, zugzwang, pawn structure, knight fork, opening, blitz, "
            "castling, board, checkmate, queen trade | studying rook endings, castling too late, trading queens, "
            "preparing an opening | lost a won endgame on time, the Najdorf again, a quiet knight move decided it"
        ),
        "board games": (
            "meeple, worker placement, dice, card drafting, expansion, victory points, rulebook, resource tokens, "
            "board, co-op, miniatures, game night, hex tiles, deck | teaching the rules, punching out tokens, "
            "drafting cards, sleeving the deck | three hours and one point apart, the new expansion fixes the "
            "economy, nobody read the rulebook"
        ),
        "retro consoles": (
            "cartridge, pixel art, joystick, emulator, save file, platformer, sprite, boss fight, handheld, scanline, "
            "arcade, bug, speedrun, memory card | blowing into the cartridge, soldering a battery, beating the last "
            "boss, speedrunning level one | the save battery still works after thirty years, a scanline filter on a "
            "cheap screen, the glitch skips two worlds"
        ),
        "puzzles": (
            "crossword, clue, anagram, sudoku, jigsaw, grid, cell, cryptic, edge piece, pencil marks, cipher, word "
            "square, setter, riddle | filling the grid, sorting edge pieces, solving the cryptic, marking candidates "
            "| seventeen across took an hour, one missing piece of sky, a naked triple in the last row"
        ),
    },
    "technology": {
        "programming": (
            "python, bug, compiler, refactoring, unit test, stack trace, pull request, type hints, rust, merge "
            "conflict, API, terminal, race condition, shell | debugging a race condition, refactoring the parser, "
            "writing tests, reviewing a pull request | it was a missing await all along, the tests pass and I do not "
            "know why, off by one again"
        ),
        "home lab": (
            "raspberry, server rack, docker, switch, reverse proxy, NAS, backup, VLAN, fiber, uptime, patch panel, "
            "shell, hypervisor, container | crimping cables, migrating containers, restoring a backup, wiring the "
            "rack | forty watts at idle, moved everything behind a reverse proxy, the backup nobody had tested"
        ),
        "radio": (
            "antenna, ham band, dipole, transceiver, morse key, repeater, static, propagation, call sign, frequency, "
            "coax, current, beacon, shortwave | tuning the dipole, chasing distant stations, soldering coax, logging "
            "contacts | twenty meters is wide open tonight, first contact with New Zealand, the neighbour's charger "
            "makes all the static"
        ),
        "3d printing": (
            "filament, nozzle, bed leveling, layer height, stringing, slicer, resin, support, benchy, extruder, PLA, "
            "overhang, print bed, scale | leveling the bed, slicing a model, sanding layers, drying filament | it "
            "came loose at layer two hundred, tree supports saved the overhang, stringing everywhere with this PETG"
        ),
    },
    "sport": {
        "trail running": (
            "ridge, vertical gain, singletrack, aid station, ultra, blisters, pace, switchback, hydration vest, mud, "
            "headlamp, summit, descent, gaiters | running the ridge at dawn, tapering for the ultra, climbing "
            "switchbacks, drinking at the aid station | twelve hundred meters of vertical, mud to the ankles the "
            "whole descent, bonked at kilometer forty"
        ),
        "football": (
            "pitch, penalty, corner kick, goalkeeper, derby, offside, midfield, striker, stoppage time, cross, "
            "transfer, league table, bench, boots | pressing high, defending the corner, missing a penalty, watching "
            "the derby | ninety fourth minute winner, offside by a toenail, the keeper kept us in it"
        ),
        "climbing": (
            "crimp, belay, boulder problem, rope, chalk, pitch, sloper, crux, carabiner, route setter, beta, anchor, "
            "finger board, bat hang | working the crux, belaying a friend, hanging on slopers, cleaning the route | "
            "finally sent the project, the crux is a blind heel hook, skin gone after three tries"
        ),
        "cycling": (
            "derailleur, peloton, cassette, gravel bike, tubeless, sprint, climb, chain, saddle, crank, watts, "
            "crosswind, break, bidon | sealing tubeless tires, riding into the crosswind, cleaning the chain, sitting "
            "in the peloton | a hundred kilometers before lunch, dropped on the last climb, the new cassette shifts "
            "like butter"
        ),
    },
    "music": {
        "jazz": (
            "saxophone, swing, improvisation, bebop, upright bass, jam, standards, trumpet, blue note, brushes, "
            "quartet, chord changes, solo, scale | transcribing a solo, learning the changes, sitting in at the jam, "
            "swinging the ride cymbal | Coltrane before breakfast, trading fours with the drummer, the bass carried "
            "the whole ballad"
        ),
        "choir": (
            "soprano, alto line, pitch, madrigal, conductor, harmony, tenor, rehearsal, motet, vowels, requiem, sight "
            "reading, breath, scale | warming up the voice, rehearsing the motet, holding the alto line, counting "
            "rests | four parts and one key, the tenors were flat again, goosebumps at the final chord"
        ),
        "synths": (
            "oscillator, filter sweep, patch, modular, sequencer, cell, envelope, drum machine, arpeggio, cable, bass "
            "line, LFO, reverb, detune | patching the modular, programming a sequence, sweeping the filter, detuning "
            "oscillators | an hour lost to one bass patch, the LFO drifts in the best way, more cables than rack "
            "space"
        ),
        "vinyl": (
            "turntable, stylus, pressing, sleeve, groove, record store, crackle, first press, tonearm, LP, bargain "
            "bin, platter, needle, liner notes | digging through crates, cleaning records, balancing the tonearm, "
            "flipping to side two | a first press for three euros, warped but playable, the crackle before the song "
            "begins"
        ),
    },
    "craft": {
        "knitting": (
            "yarn, cable stitch, needles, merino, gauge, cast on, purl, sock heel, skein, lace, wool, sweater, shawl, "
            "stitch marker | turning the heel, frogging ten rows, winding yarn, blocking the shawl | dropped a stitch "
            "six rows down, second sock syndrome, the gauge lied again"
        ),
        "woodworking": (
            "dovetail, chisel, plane, walnut, clamp, workbench, mortise, sanding, grain, router, glue up, saw, plank, "
            "scale | cutting dovetails, planing walnut, sharpening chisels, clamping the glue up | you never own "
            "enough clamps, tear out along the grain, a joint that closes without a gap"
        ),
        "pottery": (
            "kiln, glaze, clay, wheel, bisque, celadon, trimming, slip, stoneware, cone six, mug handle, throwing, "
            "crack, bowl | centering the clay, pulling handles, opening the kiln, mixing glaze | the glaze ran onto "
            "the shelf, a lid that fits at first try, cone six and pure luck"
        ),
        "model trains": (
            "locomotive, track, gauge, layout, turnout, ballast, coupling, diorama, station, switch, HO scale, crane, "
            "boxcar, signal | laying track, weathering boxcars, wiring turnouts, building the station | the night "
            "express runs on time, ballast glue in every turnout, a whole valley in HO"
        ),
    },
    "science": {
        "astronomy": (
            "telescope, nebula, eyepiece, saturn, mount, dark sky, exposure, comet, star cluster, galaxy, mirror, "
            "eclipse, moon, ring | aligning the mount, stacking exposures, waiting for clear skies, sketching the "
            "moon | saturn's ring through a small refractor, forty subs of the nebula, clouds at first contact"
        ),
        "microscopy": (
            "cell, slide, diatom, tardigrade, stain, lens, pond water, bacteria, coverslip, objective, protozoa, "
            "magnification, pollen, membrane | staining a slide, focusing the objective, looking at pond water, "
            "photographing diatoms | a tardigrade in the gutter moss, four hundred times and still lovely, cilia "
            "beating like rowing crews"
        ),
        "weather": (
            "barometer, cold front, squall line, rain gauge, radar, isobar, cumulus, hail, jet stream, forecast, "
            "thunderstorm, dew point, snowfall, cell | reading the barometer, chasing storms, logging rainfall, "
            "watching the radar | a supercell west of the river, pressure fell ten points since noon, graupel not "
            "hail"
        ),
        "fossils": (
            "ammonite, trilobite, shale, hammer, sediment, fossil, jurassic, quarry, shell, cast, bone bed, strata, "
            "amber, matrix | splitting shale, prepping an ammonite, digging the quarry, brushing bones | a complete "
            "trilobite with the eyes, jurassic clay on my boots, split the nodule and there it was"
        ),
    },
    "home": {
        "gardening": (
            "seedling, compost, tomato, raised bed, mulch, aphids, pruning, bug, trellis, perennial, greenhouse, "
            "slugs, bulb, pot | turning the compost, pinching tomatoes, staking dahlias, sowing peas | slugs ate the "
            "lettuce overnight, first ripe tomato of the year, mulch before the heat comes"
        ),
        "houseplants": (
            "monstera, pothos, leaf node, potting mix, spider mites, cutting, succulent, root rot, humidity, window "
            "sill, fern, variegated, cactus, propagation | repotting the monstera, wiping leaves, rooting cuttings, "
            "misting the fern | a new leaf with holes, overwatered it again, roots out of every drain hole"
        ),
        "beekeeping": (
            "hive, queen, brood, honey, smoker, swarm, frame, varroa, comb, nectar flow, drone, bee suit, cell, super "
            "| inspecting the hive, catching a swarm, spinning honey, counting mites | the queen is laying again, "
            "thirty kilos from one colony, a swarm on the garden gate"
        ),
        "renovation": (
            "drywall, plaster, tile, grout, beam, paint roller, insulation, plumbing, floorboard, socket, pipe, "
            "switch, crane, spackle | grouting the shower, stripping paint, hanging drywall, sanding floorboards | "
            "nothing in this house is square, found newspapers from 1934 under the floor, third coat and it still "
            "shows"
        ),
    },
    "travel": {
        "night trains": (
            "sleeper car, berth, platform, conductor, couchette, dining car, border, timetable, compartment, track, "
            "connection, whistle, rail pass, carriage | boarding the sleeper, changing at the border, waking in "
            "another country, watching stations pass | Vienna to Rome in a couchette, coffee from the attendant at "
            "six, forty minutes late and nobody minds"
        ),
        "hiking": (
            "backpack, hut, waymark, pass, trail, ridge, tent, map, boots, stream crossing, blisters, campsite, "
            "stove, summit | pitching the tent, crossing the pass, drying socks, reading the map | snow left on the "
            "north side, the hut had soup, seven days with one shirt"
        ),
        "sailing": (
            "jib, halyard, mainsail, keel, harbor, knot, tack, mooring, spinnaker, starboard, current, anchor, hull, "
            "crew | reefing the mainsail, dropping anchor, tacking upwind, coiling lines | twenty knots on the beam, "
            "dragged anchor at three in the morning, a quiet cove for the night"
        ),
        "street food": (
            "dumplings, noodle stall, night market, skewer, taco, broth, chili oil, hawker, satay, flatbread, steam "
            "basket, lime, banh mi, queue | queuing at the stall, slurping noodles, dipping dumplings, walking the "
            "night market | follow the longest queue, two euros and the best meal of the week, chili oil that bites "
            "back"
        ),
    },
    "screen": {
        "film noir": (
            "detective, femme fatale, shadows, voiceover, black and white, alley, cigarette smoke, shot, double "
            "cross, neon, trench coat, scene, projector, plot twist | rewatching a classic, framing the shot, "
            "lighting with one lamp, reading the credits | nobody lights a staircase like that now, the double cross "
            "in the last reel, rain on the windshield for ninety minutes"
        ),
        "animation": (
            "keyframe, storyboard, hand drawn, frame, stop motion, puppet, cell, rig, walk cycle, in-between, inking, "
            "studio, background art, lip sync | drawing in-betweens, posing the puppet, timing a walk cycle, painting "
            "backgrounds | twelve frames for a blink, every background is watercolor, a week of work for four seconds"
        ),
        "photography": (
            "aperture, shutter, film roll, lens, darkroom, exposure, tripod, bokeh, negative, contact sheet, light "
            "meter, developer, portrait, grain | developing a roll, metering the shadows, printing in the darkroom, "
            "waiting for golden light | thirty six frames and one keeper, pushed two stops, the negatives were stuck "
            "together"
        ),
        "documentaries": (
            "archive footage, interview, narrator, director, episode, expedition, screening, camera crew, festival, "
            "subject, reel, voiceover, series, investigation | cutting interviews, watching archive footage, filming "
            "for a year, screening at the festival | no narrator and it is stronger for it, the third episode changes "
            "everything, six years with one family"
        ),
    },
    "body": {
        "yoga": (
            "mat, downward dog, breath, hip opener, vinyasa, stretch, savasana, balance, crow pose, shoulder, "
            "hamstring, bridge, block, crane pose | rolling out the mat, holding the plank, opening the hips, "
            "breathing slowly | ten minutes before breakfast, crow pose for three whole breaths, my hamstrings "
            "disagree"
        ),
        "weightlifting": (
            "deadlift, squat rack, barbell, plates, bench, rep, deload week, chalk, clean and jerk, grip, bar path, "
            "plateau, warm up set, scale | pulling heavy singles, deloading, squatting twice a week, logging every "
            "rep | two plates for the first time, the bar drifted forward, sleep is the best supplement"
        ),
        "sleep": (
            "insomnia, melatonin, bedtime, circadian, nap, mattress, deep sleep, dream journal, alarm, blackout "
            "curtains, caffeine, night shift, pillow, snoring | waking at four, keeping a dream journal, napping "
            "after lunch, dimming the lights | no screens after ten, eight hours and still tired, the same dream "
            "about trains"
        ),
        "swimming": (
            "lane, flip turn, butterfly, goggles, freestyle, open water, stroke, kickboard, pull buoy, cold water, "
            "breaststroke, interval, wetsuit, pool | swimming laps, drilling the catch, breathing both sides, dipping "
            "in cold water | nine degrees and no wetsuit, lane four at six in the morning, finally a clean flip turn"
        ),
    },
}
"""Parent topic to leaf topic to its words."""
